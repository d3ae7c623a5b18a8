package kube

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"burrow/internal/emulator"
	"burrow/internal/rules"
)

// verdicts count how often each rule was kept and broken.
var verdicts = struct {
	sync.Mutex
	kept, broken map[rules.ID]int
}{kept: map[rules.ID]int{}, broken: map[rules.ID]int{}}

// counted is the cloud, with its rules counted.
func counted() *emulator.Cloud {
	cloud := Cloud()
	for _, k := range cloud.Kinds {
		for i := range k.Rules {
			id, broken := k.Rules[i].ID, k.Rules[i].Broken
			k.Rules[i].Broken = func(c *emulator.Call) string {
				message := broken(c)
				judge(c, id, message)
				verdicts.Lock()
				defer verdicts.Unlock()
				if message == "" {
					verdicts.kept[id]++
				} else {
					verdicts.broken[id]++
				}
				return message
			}
		}
	}
	return cloud
}

func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && !slices.ContainsFunc(os.Args[1:], func(arg string) bool {
		return strings.HasPrefix(arg, "-test.run=") || strings.HasPrefix(arg, "-test.list=") || strings.HasPrefix(arg, "-test.skip=")
	}) {
		code = uncovered()
	}
	os.Exit(code)
}

// uncovered fails the run when a rule was never kept or never broken: each has an
// accepted and a refused case.
func uncovered() (code int) {
	for _, k := range Cloud().Kinds {
		for _, r := range k.Rules {
			if verdicts.kept[r.ID] == 0 || verdicts.broken[r.ID] == 0 {
				fmt.Printf("%s of %s: kept %d times, broken %d times\n", r.ID, k.Type, verdicts.kept[r.ID], verdicts.broken[r.ID])
				code = 1
			}
		}
	}
	return code
}
