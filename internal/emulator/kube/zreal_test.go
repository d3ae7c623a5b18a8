package kube

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"burrow/internal/emulator"
	"burrow/internal/kubetest"
	"burrow/internal/rules"
)

// static are the rules that judge an object by itself: a real API server says the same.
var static = []rules.ID{"K8S-01", "K8S-02", "K8S-07", "K8S-08", "K8S-19"}

// judged are the objects that tests sent, and what the rules said of each.
var judged = struct {
	sync.Mutex
	calls map[*emulator.Call]*judgement
	order []*judgement
}{calls: map[*emulator.Call]*judgement{}}

type judgement struct {
	object map[string]any
	static string // why a static rule refused it, or ""
	other  bool   // another rule refused it
}

// judge notes what a rule says of an object that is being created.
func judge(c *emulator.Call, id rules.ID, message string) {
	if c.Op != emulator.OpCreate {
		return
	}
	judged.Lock()
	defer judged.Unlock()
	j := judged.calls[c]
	if j == nil {
		r := resourceOf(c.Kind.Type)
		in := map[string]any(c.In.Clone())
		for name, v := range map[string]any{"apiVersion": schema.GroupVersion{Group: r.group, Version: r.version}.String(), "kind": r.kind} {
			if in[name] == nil {
				in[name] = v
			}
		}
		if meta, ok := in["metadata"].(map[string]any); ok && r.namespaced && meta["namespace"] == nil {
			meta = maps.Clone(meta)
			meta["namespace"] = namespaceOf(c.In)
			in["metadata"] = meta
		}
		j = &judgement{object: in}
		judged.calls[c] = j
		judged.order = append(judged.order, j)
	}
	switch {
	case message == "":
	case slices.Contains(static, id):
		j.static = fmt.Sprintf("%s: %s", id, message)
	default:
		j.other = true
	}
}

// A real API server takes what the emulated one takes, and refuses what it refuses, of the
// objects that all tests before this one sent: its file's name makes it the last.
func TestRealAPIAgrees(t *testing.T) {
	api := kubetest.Start(t, func(string) bool { return false })
	agreed := map[bool]int{}
	for _, j := range judged.order {
		if meta, ok := j.object["metadata"].(map[string]any); ok && meta["namespace"] != nil {
			_ = api.Apply(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": meta["namespace"]}}, false)
		}
		err := api.Apply(j.object, true)
		switch {
		case j.static != "" && err == nil:
			t.Errorf("the emulated API refuses (%s) what the real one takes: %v", j.static, j.object)
		case j.static == "" && !j.other && err != nil:
			t.Errorf("the emulated API takes %v; the real one: %v", j.object, err)
		default:
			agreed[err == nil]++
		}
	}
	if len(judged.order) < 100 {
		t.Skip("other tests send what is judged here: run them all")
	}
	t.Logf("%d taken, %d refused by both", agreed[true], agreed[false])
}
