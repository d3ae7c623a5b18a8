package azure

import (
	"slices"
	"strings"
	"testing"

	"burrow/internal/emulator"
	"burrow/internal/inventory/azuretype"
)

// Azure lets everything that logs go to be deleted, and says nothing.
func TestUnlogged(t *testing.T) {
	s := newSubscription(t)
	setting, flows := s.made(azuretype.DiagnosticSetting, "diag", nil), s.made(azuretype.FlowLog, "flows", nil)
	s.unlogged("all there")
	for _, c := range []struct {
		gone string // type
		want []string
	}{
		{azuretype.Workspace, []string{setting + ": workspaceId", flows + ": " + workspacePath + "workspaceResourceId"}},
		{azuretype.StorageAccount, []string{setting + ": workspaceId", flows + ": storageId", flows + ": " + workspacePath + "workspaceResourceId"}},
	} {
		for _, id := range s.objects(c.gone) {
			if err := s.delete(c.gone, lastOf(id), id); err != nil {
				t.Fatal(err)
			}
		}
		s.unlogged("without "+c.gone, c.want...)
	}
}

func TestUnloggedWhenOff(t *testing.T) {
	s := newSubscription(t)
	flows := s.made(azuretype.FlowLog, "flows", s.valid(azuretype.FlowLog).With(props{"enabled": false}))
	s.unlogged("off", flows+": it is off")
}

// LOG-21: a storage account that is shut after the flow log was made.
func TestUnloggedWhenShut(t *testing.T) {
	for name, change := range map[string]props{
		"without public access":      {"publicNetworkAccess": "Disabled"},
		"with a firewall for all":    {"networkRuleSet": map[string]any{"defaultAction": "Deny", "bypass": "None"}},
		"with a firewall for others": {"networkRuleSet": map[string]any{"defaultAction": "Deny", "bypass": "Logging, AzureServices"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSubscription(t)
			flows := s.made(azuretype.FlowLog, "flows", nil)
			err := s.world.Update(func(tx *emulator.Tx) error {
				account := tx.All(azuretype.StorageAccount)[0]
				for path, v := range change {
					account.In.Set(path, v)
					account.Out.Set(path, v)
				}
				tx.Put(account)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(name, "others") {
				s.unlogged(name)
			} else {
				s.unlogged(name, flows+": LOG-21")
			}
		})
	}
}

// unlogged wants lines that begin so.
func (s *subscription) unlogged(what string, want ...string) {
	s.t.Helper()
	var got []string
	err := s.world.View(func(tx *emulator.Tx) error {
		got = Unlogged(tx)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		s.t.Errorf("%s: %q, want %q", what, got, want)
	}
}
