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
	"fmt"
	"slices"
	"testing"

	networking "k8s.io/api/networking/v1"
)

// The scrapers reach the exporter's port, and the exporter reaches names and Asana. Nothing else passes in either direction.
func TestNetworkPolicyLetsScrapesInAndRequestsOut(t *testing.T) {
	for _, row := range []struct {
		file, values, scraper string
		out                   []string
	}{
		{"default-values.yaml", "networkPolicy: {enabled: true}", "map[app.kubernetes.io/name:prometheus]", []string{"UDP 53", "TCP 53", "TCP 443"}},
		{"openshift-values.yaml", "", "", []string{"UDP 53", "TCP 53", "UDP 5353", "TCP 5353", "TCP 443"}},
		{"everything-values.yaml", "", "", []string{"UDP 53", "TCP 53", "UDP 5353", "TCP 5353", "TCP 3128"}},
	} {
		r := newRelease(t, values(t, row.file, row.values))
		if len(r.policies) != 1 {
			t.Fatalf("%s: %d policies", row.file, len(r.policies))
		}
		spec := r.policies[0].Spec
		if want := []networking.PolicyType{networking.PolicyTypeIngress, networking.PolicyTypeEgress}; !slices.Equal(spec.PolicyTypes, want) {
			t.Errorf("%s: types are %v", row.file, spec.PolicyTypes)
		}
		if len(spec.Ingress) != 1 || !slices.Equal(ports(spec.Ingress[0].Ports), []string{"TCP 10176"}) {
			t.Fatalf("%s: %+v may come in", row.file, spec.Ingress)
		}
		// A peer without any selector would be everybody.
		for _, peer := range spec.Ingress[0].From {
			if peer.NamespaceSelector == nil || row.scraper != "" && fmt.Sprint(peer.PodSelector.MatchLabels) != row.scraper {
				t.Errorf("%s: %+v may scrape", row.file, peer)
			}
		}
		var out []string
		for _, rule := range spec.Egress {
			out = append(out, ports(rule.Ports)...)
		}
		if !slices.Equal(out, row.out) {
			t.Errorf("%s: %q may be reached, want %q", row.file, out, row.out)
		}
	}
}

// ports returns ports such as "TCP 443".
func ports(all []networking.NetworkPolicyPort) (names []string) {
	for _, port := range all {
		names = append(names, fmt.Sprint(*port.Protocol, " ", port.Port))
	}
	return names
}
