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
	"path/filepath"
	"slices"
	"testing"

	core "k8s.io/api/core/v1"
)

func TestDashboardsAreThoseOfTheRepository(t *testing.T) {
	want := map[string]string{}
	for _, path := range glob(t, "../../../dashboards/*.json") {
		want[filepath.Base(path)] = read(t, path)
	}
	got := map[string]string{}
	for _, c := range newRelease(t, values(t, "everything-values.yaml", "")).configMaps {
		maps.Copy(got, c.Data)
		if c.Labels["grafana_dashboard"] != "sales" || c.Annotations["grafana_folder"] != "Asana" || c.Annotations["example.com/owner"] != "collaboration" {
			t.Errorf("%s has the labels %v and the annotations %v", c.Name, c.Labels, c.Annotations)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("the chart has other dashboards than the folder: %q and %q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	for _, c := range newRelease(t, values(t, "default-values.yaml", "dashboards: {enabled: true}")).configMaps {
		if c.Labels["grafana_dashboard"] != "1" || len(c.Annotations) > 0 {
			t.Errorf("%s has the labels %v and the annotations %v", c.Name, c.Labels, c.Annotations)
		}
	}
}

// Values may add labels. Those that selectors rely on stay.
func TestLabelsAreAddedAndNoneReplaced(t *testing.T) {
	r := newRelease(t, values(t, "everything-values.yaml", ""))
	selectors := map[string]string{"app.kubernetes.io/name": "asana", "app.kubernetes.io/instance": "sales", "team": "collaboration"}
	objects := map[string]map[string]string{
		"Service": r.services[0].Labels, "StatefulSet": r.statefulSets[0].Labels, "Pod": r.statefulSets[0].Spec.Template.Labels,
		"ServiceAccount": r.accounts[0].Labels, "NetworkPolicy": r.policies[0].Labels,
		"ServiceMonitor": r.monitors[0].Labels, "PrometheusRule": r.rules[0].Labels, "ConfigMap": r.configMaps[0].Labels,
	}
	for kind, labels := range objects {
		if !covers(labels, selectors) {
			t.Errorf("the labels of the %s are %v", kind, labels)
		}
	}
	for _, kind := range []string{"ServiceMonitor", "PrometheusRule"} {
		if objects[kind]["release"] != "kube-prometheus-stack" {
			t.Errorf("Prometheus does not select the %s by %v", kind, objects[kind])
		}
	}
	template := r.statefulSets[0].Spec.Template
	if template.Labels["network"] != "restricted" || template.Annotations["example.com/backup"] != "yes" {
		t.Errorf("the pod has %v and %v", template.Labels, template.Annotations)
	}
}

// The state is on a claim that is made with the release, or on one that is there.
func TestStateIsOnTheClaimThatValuesAskFor(t *testing.T) {
	several := newRelease(t, values(t, "several-workspaces-values.yaml", "")).statefulSets[0].Spec
	claim := several.VolumeClaimTemplates[0].Spec
	if size, class := claim.Resources.Requests.Storage().String(), *claim.StorageClassName; size != "2Gi" || class != "fast" {
		t.Errorf("a claim of %s and the class %s", size, class)
	}
	if kept := several.PersistentVolumeClaimRetentionPolicy; kept == nil || kept.WhenDeleted != "Delete" {
		t.Errorf("the retention policy is %v", kept)
	}
	everything := newRelease(t, values(t, "everything-values.yaml", ""))
	if len(everything.statefulSets[0].Spec.VolumeClaimTemplates) != 0 {
		t.Error("a claim is made beside the one that is there")
	}
	for _, volume := range everything.pod().Volumes {
		if volume.Name == "state" && volume.PersistentVolumeClaim.ClaimName == "asana-state" {
			return
		}
	}
	t.Errorf("nothing is mounted from the claim: %v", everything.pod().Volumes)
}

// Values add flags, variables and relabelings to ours.
func TestListsAreAdded(t *testing.T) {
	r := newRelease(t, values(t, "everything-values.yaml", ""))
	wantArgs := []string{
		"--asana.workspace=1200000000000001", "--asana.token-file=/secrets/token", "--state.dir=/data",
		"--log.format=json", "--asana.poll-interval=20s",
	}
	if args := r.container().Args; !slices.Equal(args, wantArgs) {
		t.Errorf("the flags are %q", args)
	}
	if env := r.container().Env; len(env) != 2 || env[1] != (core.EnvVar{Name: "SSL_CERT_FILE", Value: "/ca/ca.crt"}) {
		t.Errorf("the environment is %v", env)
	}
	endpoint := r.monitors[0].Spec.Endpoints[0]
	var targets []string
	for _, relabeling := range endpoint.RelabelConfigs {
		targets = append(targets, relabeling.TargetLabel)
	}
	if want := []string{"job", "instance", "cluster"}; !slices.Equal(targets, want) {
		t.Errorf("%q are relabelled, want %q", targets, want)
	}
	if endpoint.Interval != "1m" || endpoint.ScrapeTimeout != "20s" || len(endpoint.MetricRelabelConfigs) != 1 {
		t.Errorf("the scrape is %+v", endpoint)
	}
}
