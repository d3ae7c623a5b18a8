package eks

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"burrow/internal/inventory/awstype"
)

// eniMtu reaches the inner component as it was given, and the plugin as a text in
// the add-on's settings; nothing else changes.
func TestENIMTU(t *testing.T) {
	t.Parallel()
	i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.file == "burrow-cluster.json" })
	s := scenarios[i]
	s.steps = slices.Clone(s.steps)
	for i, made := range s.steps {
		if made.typ == "eks:index:Cluster" {
			s.steps[i].inputs = func(m *monitor) map[string]any {
				args := made.inputs(m)
				options := maps.Clone(args["vpcCniOptions"].(map[string]any))
				options["eniMtu"] = 1400
				args["vpcCniOptions"] = options
				return args
			}
		}
	}
	want := readRecording(t, s.file)
	addon, inner := want.find(awstype.Addon, "burrow-eks-vpc-cni"), want.find("eks:index:VpcCniAddon", "burrow-eks-vpc-cni")
	settings, _ := addon.Inputs["configurationValues"].(string)
	addon.Inputs["configurationValues"] = strings.Replace(settings, `"AWS_VPC_ENI_MTU":"9001"`, `"AWS_VPC_ENI_MTU":"1400"`, 1)
	given, _ := want.find("eks:index:Cluster", "burrow-eks").Inputs["vpcCniOptions"].(map[string]any)
	given["eniMtu"], inner.Inputs["eniMtu"] = 1400.0, 1400.0
	m := newMonitor(t)
	server := Server()
	attach(t, server, m)
	compare(t, s.record(t, m, server.Construct), want)
}

// Without an MTU, and with 0, the plugin gets the component's own; an environment
// that was given goes before the argument.
func TestENIMTUPrecedence(t *testing.T) {
	t.Parallel()
	own := map[string]any{"env": map[string]any{mtuVariable: "1300"}}
	bytes := 1400
	for _, c := range []struct {
		given map[string]any
		mtu   any
		want  string
	}{
		{nil, nil, "9001"}, {nil, 0, "9001"}, {nil, bytes, "1400"}, {nil, &bytes, "1400"}, {own, nil, "1300"}, {own, bytes, "1300"},
	} {
		env, _ := cniConfiguration(c.given, nil, c.mtu)["env"].(map[string]any)
		if env[mtuVariable] != c.want {
			t.Errorf("%v with %v: MTU %v, want %s", c.given, c.mtu, env[mtuVariable], c.want)
		}
	}
}
