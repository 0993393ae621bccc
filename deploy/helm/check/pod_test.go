// Copyright The asana_exporter Authors
// Licensed under the Apache License, Version 2.0 (the "License");
// you may not use this file except in compliance with the License.
// You may obtain a copy of the License at
//
// http://www.apache.org/licenses/LICENSE-2.0
//
// Unless required by applicable law or agreed to in writing, software
// distributed under the License is distributed on an "AS IS" BASIS,
// WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
// See the License for the specific language governing permissions and
// limitations under the License.

package check

import (
	"maps"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

// Service, StatefulSet, pod and ServiceMonitor refer to each other by labels and names only.
func TestSelectorsMatchLabels(t *testing.T) {
	eachRelease(t, func(t *testing.T, r release) {
		service, set, labels := r.services[0], r.statefulSets[0], r.statefulSets[0].Spec.Template.Labels
		if !covers(labels, service.Spec.Selector) || !covers(labels, set.Spec.Selector.MatchLabels) {
			t.Errorf("the labels %v are not selected by %v or %v", labels, service.Spec.Selector, set.Spec.Selector)
		}
		if set.Spec.ServiceName != service.Name {
			t.Errorf("the set names the service %q, which is called %q", set.Spec.ServiceName, service.Name)
		}
		port, want := service.Spec.Ports[0], core.ContainerPort{Name: "http", ContainerPort: 10176}
		if ports := r.container().Ports; !reflect.DeepEqual(ports, []core.ContainerPort{want}) || port.TargetPort.StrVal != want.Name {
			t.Errorf("the service sends to %v, the container listens on %v", port.TargetPort, ports)
		}
		for _, monitor := range r.monitors {
			if !covers(service.Labels, monitor.Spec.Selector.MatchLabels) || monitor.Spec.Endpoints[0].Port != port.Name {
				t.Errorf("the monitor looks for %v and port %s", monitor.Spec.Selector, monitor.Spec.Endpoints[0].Port)
			}
			if job := service.Labels[monitor.Spec.JobLabel]; !jobOfReplicaDown(t).MatchString(job) {
				t.Errorf("AsanaReplicaDown does not know the job %q", job)
			}
		}
	})
}

// jobOfReplicaDown finds the job by which an alert selects targets that never answered.
func jobOfReplicaDown(t *testing.T) *regexp.Regexp {
	t.Helper()
	match := regexp.MustCompile(`up\{job=~"(.*)"\}`).FindStringSubmatch(read(t, "../../../alerts/exporter.yml"))
	if match == nil {
		t.Fatal("no alert names a job")
	}
	return regexp.MustCompile("^(?:" + match[1] + ")$")
}

func covers(labels, wanted map[string]string) bool {
	both := maps.Clone(labels)
	maps.Copy(both, wanted)
	return len(wanted) > 0 && maps.Equal(both, labels)
}

// Names of pods and labels add up to 11 characters to the release name; the limit is 63.
func TestLongNamesFit(t *testing.T) {
	for _, name := range []string{"sales", "asana-exporter", "asana-exporter-2", strings.Repeat("a-", 26) + "b"} {
		manifests, err := renderAs(name, load(t), values(t, "least.yaml", ""))
		if err != nil {
			t.Fatal(err)
		}
		for _, manifest := range manifests {
			var object struct{ Metadata struct{ Name string } }
			if err := yaml.Unmarshal([]byte(manifest), &object); err != nil {
				t.Fatal(err)
			}
			got := object.Metadata.Name
			if !regexp.MustCompile(`^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$`).MatchString(got) {
				t.Errorf("%s becomes %s", name, got)
			}
			if strings.Contains(name, "asana-exporter") != (got == name) {
				t.Errorf("%s becomes %s", name, got)
			}
		}
	}
}

// Two processes cannot share a state: the second does not start.
func TestOneProcessOwnsTheState(t *testing.T) {
	eachRelease(t, func(t *testing.T, r release) {
		set := r.statefulSets[0].Spec
		if set.Replicas == nil || *set.Replicas != 1 {
			t.Errorf("replicas are %v", set.Replicas)
		}
		claims := set.VolumeClaimTemplates
		if len(claims) != 1 || claims[0].Name != mountAt(t, r, "/data").Name {
			t.Errorf("the state is not on the volume that is claimed: %v", claims)
		}
	})
}

// The manifests hold no token. A file mounted by subPath would not change with the Secret.
func TestTokenIsMountedAsAFolder(t *testing.T) {
	eachRelease(t, func(t *testing.T, r release) {
		mount := mountAt(t, r, "/secrets")
		if mount.SubPath != "" || !mount.ReadOnly {
			t.Errorf("mounted as %+v", mount)
		}
		volume := r.pod().Volumes[0]
		if len(r.pod().Volumes) != 1 || volume.Name != mount.Name || volume.Secret == nil || volume.Secret.SecretName == "" {
			t.Fatalf("volumes are %+v", r.pod().Volumes)
		}
		if mode := *volume.Secret.DefaultMode; mode != 0o440 {
			t.Errorf("mode is %o", mode)
		}
	})
}

func mountAt(t *testing.T, r release, path string) core.VolumeMount {
	t.Helper()
	for _, mount := range r.container().VolumeMounts {
		if mount.MountPath == path {
			return mount
		}
	}
	t.Fatalf("nothing is mounted at %s", path)
	return core.VolumeMount{}
}

// The strictest of https://kubernetes.io/docs/concepts/security/pod-security-standards/, judged by the code of the API server.
func TestPodMeetsRestrictedSecurityStandard(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	eachRelease(t, func(t *testing.T, r release) {
		template, level := r.statefulSets[0].Spec.Template, api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
		result := policy.AggregateCheckResults(evaluator.EvaluatePod(level, &template.ObjectMeta, &template.Spec))
		if !result.Allowed {
			t.Error(result.ForbiddenDetail())
		}
		context := r.container().SecurityContext
		if context.ReadOnlyRootFilesystem == nil || !*context.ReadOnlyRootFilesystem {
			t.Error("the root file system may be written to")
		}
		if token := r.pod().AutomountServiceAccountToken; token == nil || *token {
			t.Error("the pod gets a token for the API server")
		}
	})
}

// User, folder and port match the image.
func TestImageIsTheRepositorys(t *testing.T) {
	dockerfile := read(t, "../../../Dockerfile")
	eachRelease(t, func(t *testing.T, r release) {
		context := r.pod().SecurityContext
		user, group := strconv.FormatInt(*context.RunAsUser, 10), strconv.FormatInt(*context.RunAsGroup, 10)
		port := strconv.Itoa(int(r.container().Ports[0].ContainerPort))
		for _, line := range []string{"USER " + user + ":" + group, "VOLUME " + mountAt(t, r, "/data").MountPath, "EXPOSE " + port} {
			if !strings.Contains(dockerfile, "\n"+line+"\n") {
				t.Errorf("the Dockerfile does not say %s", line)
			}
		}
		if *context.FSGroup != *context.RunAsGroup {
			t.Errorf("the volume belongs to group %d, the process to %s", *context.FSGroup, group)
		}
	})
}
