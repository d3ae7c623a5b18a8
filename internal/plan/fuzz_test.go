package plan

import (
	"errors"
	"testing"
)

// FuzzLoad: whatever a stack file says, Load returns a plan or Problems with
// all their parts, and never both, and never panics.
func FuzzLoad(f *testing.F) {
	for _, b := range allBroken {
		f.Add(b.section, b.value)
	}
	for _, value := range []string{
		`{"aws":{"cidr":"0.0.0.0/0"}}`, `{"aws":{"zones":[{},{}]}}`, `{"azure":{"cidr":"::/0"}}`,
		`{"azure":{"subnets":{"nodes":"1.2.3.4/32","resolverInbound":"1.2.3.4/32"}}}`, `[[[[`, `{"a":`, "\xff", `1e999`,
		`{"aws":{"zones":[{"private":"::ffff:10.0.1.0/120","reserved":"0.0.0.0/0","nlb":"fe80::1%eth0"}]}}`,
	} {
		f.Add("network", value)
	}
	f.Fuzz(func(t *testing.T, section, value string) {
		for _, world := range []World{emulated, {Today: catalogueDate}} {
			p, err := Load(map[string]string{section: value}, world)
			var problems Problems
			if (p == nil) == (err == nil) || (err != nil && !errors.As(err, &problems)) {
				t.Fatalf("plan %v, error %v", p != nil, err)
			}
			for _, problem := range problems {
				if problem.Value == "" || problem.Reason == "" || problem.Remedy == "" {
					t.Errorf("incomplete problem %+v", problem)
				}
			}
		}
	})
}
