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
	"slices"
	"strconv"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
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
		for _, policy := range r.policies {
			if !covers(labels, policy.Spec.PodSelector.MatchLabels) {
				t.Errorf("the policy is for %v", policy.Spec.PodSelector)
			}
		}
		for _, monitor := range r.monitors {
			if !covers(service.Labels, monitor.Spec.Selector.MatchLabels) || monitor.Spec.Endpoints[0].Port != port.Name {
				t.Errorf("the monitor looks for %v and port %s", monitor.Spec.Selector, monitor.Spec.Endpoints[0].Port)
			}
			job := monitor.Spec.Endpoints[0].RelabelConfigs[0]
			if job.TargetLabel != "job" || !jobOfReplicaDown(t).MatchString(*job.Replacement) {
				t.Errorf("AsanaReplicaDown does not know the job %q", *job.Replacement)
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

// Two processes cannot share a state: the second does not start.
func TestOneProcessOwnsTheState(t *testing.T) {
	eachRelease(t, func(t *testing.T, r release) {
		set := r.statefulSets[0].Spec
		if set.Replicas == nil || *set.Replicas != 1 {
			t.Errorf("replicas are %v", set.Replicas)
		}
		if len(set.VolumeClaimTemplates)+len(claims(r)) != 1 {
			t.Errorf("want one claim: %v, %v", set.VolumeClaimTemplates, claims(r))
		}
		names := claims(r)
		for _, template := range set.VolumeClaimTemplates {
			names = append(names, template.Name)
		}
		if name := mountAt(t, r, "/data").Name; !slices.Contains(names, name) {
			t.Errorf("the state is on the volume %s, which nobody claims", name)
		}
	})
}

// claims returns the names of the volumes that are claims made by others.
func claims(r release) (names []string) {
	for _, volume := range r.pod().Volumes {
		if volume.PersistentVolumeClaim != nil {
			names = append(names, volume.Name)
		}
	}
	return names
}

// The manifests hold no token. A file mounted by subPath would not change with the Secret.
func TestTokenIsMountedAsAFolder(t *testing.T) {
	eachRelease(t, func(t *testing.T, r release) {
		mount := mountAt(t, r, "/secrets")
		if mount.SubPath != "" || !mount.ReadOnly {
			t.Errorf("mounted as %+v", mount)
		}
		volume := r.pod().Volumes[0]
		if volume.Name != mount.Name || volume.Secret == nil || volume.Secret.SecretName == "" {
			t.Fatalf("volumes are %+v", r.pod().Volumes)
		}
		if mode := *volume.Secret.DefaultMode; mode != 0o440 {
			t.Errorf("mode is %o", mode)
		}
		// Of several workspaces, all keys are mounted: new ones appear.
		if items := len(volume.Secret.Items); items != 1 && !r.several() || items != 0 && r.several() {
			t.Errorf("%d keys are mounted", items)
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
		context := r.container().SecurityContext
		if context == nil { // As nothing-values.yaml asks for.
			return
		}
		if !result.Allowed {
			t.Error(result.ForbiddenDetail())
		}
		if context.ReadOnlyRootFilesystem == nil || !*context.ReadOnlyRootFilesystem {
			t.Error("the root file system may be written to")
		}
	})
}

// Neither the pod nor its account asks for a token: the exporter never talks to the API server.
func TestPodGetsNoTokenForTheAPIServer(t *testing.T) {
	eachRelease(t, func(t *testing.T, r release) {
		if token := r.pod().AutomountServiceAccountToken; token == nil || *token {
			t.Error("the pod gets a token for the API server")
		}
		want := "default"
		for _, account := range r.accounts {
			want = account.Name
			if token := account.AutomountServiceAccountToken; token == nil || *token {
				t.Error("the account gives pods a token for the API server")
			}
		}
		if got := r.pod().ServiceAccountName; got != want {
			t.Errorf("the account is %s, want %s", got, want)
		}
	})
}

// User, folder and port match the image.
func TestImageIsTheRepositorys(t *testing.T) {
	dockerfile := read(t, "../../../Dockerfile")
	r := newRelease(t, values(t, "default-values.yaml", ""))
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
}

// OpenShift refuses a pod that names a user or a group of its own choice, and assigns them.
func TestUserAndGroupsCanBeLeftToOpenShift(t *testing.T) {
	for _, r := range []release{
		newRelease(t, values(t, "openshift-values.yaml", "")),
		newRelease(t, values(t, "default-values.yaml", "podSecurityContext: {runAsUser: null, runAsGroup: null, fsGroup: null}")),
	} {
		want := &core.PodSecurityContext{
			RunAsNonRoot:        new(true),
			FSGroupChangePolicy: new(core.FSGroupChangeOnRootMismatch),
			SeccompProfile:      &core.SeccompProfile{Type: core.SeccompProfileTypeRuntimeDefault},
		}
		if got := r.pod().SecurityContext; !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if c := r.container().SecurityContext; c.RunAsUser != nil || c.RunAsGroup != nil {
			t.Errorf("the container has a user: %+v", c)
		}
	}
}

// A digest names one image, whatever happens to tags.
func TestImageIsNamedByTagOrDigest(t *testing.T) {
	const digest = "sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
	for _, row := range []struct{ values, want string }{
		{``, "ghcr.io/asana-exporter/asana_exporter:" + load(t).Metadata.AppVersion},
		{`image: {repository: "registry.example.com:5000/a", tag: "1"}`, "registry.example.com:5000/a:1"},
		{`image: {tag: "1", digest: "` + digest + `"}`, "ghcr.io/asana-exporter/asana_exporter@" + digest},
	} {
		if got := newRelease(t, values(t, "default-values.yaml", row.values)).container().Image; got != row.want {
			t.Errorf("%s: %s, want %s", row.values, got, row.want)
		}
	}
}
