package alarms

import (
	"fmt"
	"strings"
	"testing"

	"burrow/internal/reach/tunneltest"
	"burrow/internal/rules"
)

func TestAlarmsRest(t *testing.T) {
	got := watched().alarms(t)
	for name, want := range map[string]string{
		"alarm": "aws AWS/VPN/TunnelState [vpn-0] OK 2 of 2 tunnels are established [] " +
			"[{" + testTopic + " [email:ops@example.com]}]",
		"alert": "azure-native Microsoft.Network/virtualNetworkGateways/BgpPeerStatus [" + tunneltest.Gateway + "] OK " +
			"BgpPeerStatus of none is LessThan 1 [] [{" + testGroupID + " [email:ops]}]",
		"query": "azure-native log query [" + testWorkspace + "] OK " +
			"nothing is logged in the emulated clouds, so the query finds no rows [] [{" + testGroupID + " [email:ops]}]",
	} {
		a := got[name]
		if s := fmt.Sprint(a.Cloud, " ", a.Metric, " ", a.Watches, " ", a.State, " ", a.Why, " ", a.Broken, " ", a.Reaches); s != want {
			t.Errorf("%s is\n%s\nwant\n%s", name, s, want)
		}
	}
}

// An alarmCase is what is done to the world and what becomes of an alarm: its
// state, a part of the reason, and the rules that it is broken by.
type alarmCase struct {
	change func(watchedWorld)
	state  State
	why    string
	broken string
}

func checkAlarms(t *testing.T, alarm string, cases map[string]alarmCase) {
	t.Helper()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := watched()
			tc.change(w)
			a := w.alarms(t)[alarm]
			var broken []string
			for _, reason := range a.Broken {
				rule, _, _ := strings.Cut(reason, ": ")
				broken = append(broken, rule)
				if again := rules.Repeated(reason); len(again) > 0 {
					t.Errorf("%q names %v more than once", reason, again)
				}
			}
			if got := strings.Join(broken, " "); a.State != tc.state || !strings.Contains(a.Why, tc.why) || got != tc.broken {
				t.Errorf("%s: %s, broken %q; want %s because %q, broken by %q", a.State, a.Why, a.Broken, tc.state, tc.why, tc.broken)
			}
			if works := len(a.Reaches) > 0; !works && len(a.Broken) == 0 {
				t.Error("it reaches nobody and is not broken")
			}
		})
	}
}

func both(changes ...func(watchedWorld)) func(watchedWorld) {
	return func(w watchedWorld) {
		for _, change := range changes {
			change(w)
		}
	}
}

func setting(id, path string, v any) func(watchedWorld) {
	return func(w watchedWorld) { w.set(id, path, v) }
}

func without(id string) func(watchedWorld) { return func(w watchedWorld) { delete(w, id) } }
