package kubetest

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// asKilled is set in the process of a test that is going to be killed.
const asKilled = "KUBETEST_KILLED"

// A test that is killed leaves none of its servers running.
func TestServersEndWithTheTest(t *testing.T) {
	if os.Getenv(asKilled) != "" {
		s := Start(t, func(string) bool { return true })
		for _, cmd := range s.started {
			fmt.Println("started", cmd.Process.Pid)
		}
		fmt.Println("ready")
		select {}
	}
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	Start(t, func(string) bool { return true }) // skips where there is nothing to start; two at once take different ports
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), asKilled+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []string
	ready := false
	for lines := bufio.NewScanner(out); !ready && lines.Scan(); {
		pid, started := strings.CutPrefix(lines.Text(), "started ")
		if started {
			pids = append(pids, pid)
		}
		ready = lines.Text() == "ready"
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if !ready || len(pids) != 3 {
		t.Fatalf("ready: %t, %d servers", ready, len(pids))
	}
	for _, pid := range pids {
		// A process that has ended and that nobody waits for has no command line.
		for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			line, err := os.ReadFile("/proc/" + pid + "/cmdline")
			if errors.Is(err, fs.ErrNotExist) || err == nil && len(line) == 0 {
				break
			}
			if time.Now().After(until) {
				t.Errorf("%s lives on", strings.ReplaceAll(string(line), "\x00", " "))
				break
			}
		}
	}
}

// The API server says no where the API does: to what it does not know, to values that are
// none, and to objects in a namespace that does not exist.
func TestApply(t *testing.T) {
	s := Start(t, func(string) bool { return false })
	type object = map[string]any
	policy := func(change func(spec object)) object {
		spec := object{"podSelector": object{}, "policyTypes": []string{"Ingress"}}
		change(spec)
		return object{
			"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": object{"name": "p", "namespace": "default"}, "spec": spec,
		}
	}
	elsewhere := policy(func(object) {})
	elsewhere["metadata"] = object{"name": "p", "namespace": "nowhere"}
	for _, c := range []struct {
		object object
		want   string
	}{
		{policy(func(object) {}), ""},
		{policy(func(spec object) { spec["podSelectors"] = object{} }), "field not declared in schema"},
		{policy(func(spec object) { spec["policyTypes"] = []string{"Both"} }), "Unsupported value"},
		{policy(func(spec object) {
			spec["ingress"] = []object{{"from": []object{{"ipBlock": object{"cidr": "10.0.0.0/33"}}}}}
		}), "Invalid value"},
		{elsewhere, "not found"},
		{object{"apiVersion": "v1", "kind": "Nothing", "metadata": object{"name": "n"}}, "has no Nothing"},
	} {
		err := s.Apply(c.object, true)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, want %q", c.object, err, c.want)
		}
	}
}
