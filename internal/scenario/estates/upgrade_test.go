package estates

import (
	"flag"
	"strings"
	"testing"

	"burrow/internal/scenario"
)

const keptDir = "testdata/kept"

var (
	keep         = flag.String("keep", "", "the folder .burrow of a local world, brought up by the version to be kept")
	keepSettings = flag.String("keep-settings", "../../../Pulumi.dev.yaml", "the configuration that it was brought up with")
)

// upgrade are the steps that the program of today takes on the estate that the
// version before it made, as "op URN", and why each is right for an estate that
// lives. Nobody's gateway is replaced unheard.
var upgrade = map[string]string{
	"update urn:pulumi:dev::burrow::burrow:k8s:Bunny$pulumi:providers:kubernetes::burrow-api":           loginMoved,
	"update urn:pulumi:dev::burrow::burrow:k8s:Relay$pulumi:providers:kubernetes::burrow-api":           wayMoved,
	"create urn:pulumi:dev::burrow::burrow:clusters:EKS$aws:ssm/document:Document::burrow-api-document": "sessions to the private API go by it",
	"create urn:pulumi:dev::burrow::burrow:clusters:EKS$aws:iam/policy:Policy::burrow-operators":        "operators may start those sessions",
}

const (
	loginMoved = "the kubeconfig logs in by burrow, no more by kubelogin; the objects stay"
	wayMoved   = "the kubeconfig leads to the private API by Session Manager; the objects stay"
)

// An estate that lives is safe from a newer Burrow: same configuration, but for access by
// SSM, which the version before had not; same state, same clouds, and only steps that are
// named here.
func TestUpgrade(t *testing.T) {
	s := scenario.Kept(t, keptDir, scenario.Settings{"k8s.access": "ssm"})
	s.TunnelsUp("as kept", 4)
	steps, says := s.Previewed()
	for _, step := range steps {
		if upgrade[step.Op+" "+step.URN] == "" {
			t.Errorf("the upgrade wants to %s %s", step.Op, step.URN)
		}
	}
	if len(steps) != len(upgrade) {
		t.Errorf("the upgrade has %d steps, and %d are named", len(steps), len(upgrade))
	}
	if !strings.Contains(says, "k8s.access changes from direct to ssm") || strings.Count(says, " changes from ") != 1 {
		t.Errorf("the upgrade says:\n%s", says)
	}
	t.Logf("%d resources kept, %d steps, %d bytes of warnings", len(s.State()), len(steps), len(says))
}

// TestKeep replaces the kept estate by the one at -keep.
func TestKeep(t *testing.T) {
	if *keep == "" {
		t.Skip("no -keep: the kept estate stays")
	}
	if err := scenario.Keep(*keep, *keepSettings, keptDir); err != nil {
		t.Fatal(err)
	}
}
