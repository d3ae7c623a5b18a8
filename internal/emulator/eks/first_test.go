package eks

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// testdata/eks-component.json was recorded from the real component through a
// real engine, with clouds that returned less than AWS does. What ours registers
// is the same but for the differences listed here.
var explained = []struct {
	why    string
	adjust func(*recording)
}{
	{"its EC2 did not say which version of a launch template is the latest", func(r *recording) {
		template, _ := r.find("aws:eks/nodeGroup:NodeGroup", "ng").Inputs["launchTemplate"].(map[string]any)
		template["version"] = "1"
	}},
	{"its EC2 gave security group rules no id", func(r *recording) {
		c := r.find("eks:index:Cluster", "relay")
		c.OutputKeys = append(c.OutputKeys, "clusterIngressRuleId")
		slices.Sort(c.OutputKeys)
	}},
	{"its engine had added the version to the provider's inputs", func(r *recording) {
		delete(r.find("pulumi:providers:kubernetes", "relay-eks-k8s").Inputs, "version")
	}},
}

func TestConstructAsFirstRecorded(t *testing.T) {
	t.Parallel()
	want := readRecording(t, "eks-component.json")
	for _, r := range want.Resources {
		r.Inputs, _ = namedReferences(r.Inputs).(map[string]any)
	}
	for _, difference := range explained {
		difference.adjust(want)
	}
	m := newMonitor(t)
	server := Server()
	attach(t, server, m)
	i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.file == "private-cluster.json" })
	compare(t, scenarios[i].record(t, m, server.Construct), withSortedDependencies(want))
}

// namedReferences writes references to resources as this package's recordings do.
func namedReferences(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if urn, ok := v["urn"].(string); ok && v[resource.SigKey] == resource.ResourceReferenceSig {
			return "resource " + nameOf(urn)
		}
		for key := range v {
			v[key] = namedReferences(v[key])
		}
	case []any:
		for i := range v {
			v[i] = namedReferences(v[i])
		}
	}
	return v
}

func withSortedDependencies(r *recording) *recording {
	for _, reg := range r.Resources {
		slices.SortFunc(reg.Dependencies, strings.Compare)
	}
	return r
}
