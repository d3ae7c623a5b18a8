package main

import (
	"os/exec"
	"strings"
	"testing"
)

// Bunny builds in seconds: it links no cloud, no Kubernetes and no server.
func TestLinks(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 100 {
		t.Fatalf("go list named %d packages; that proves nothing", len(deps))
	}
	for _, dep := range deps {
		for _, ban := range []string{"github.com/nats-io/nats-server", "github.com/pulumi/", "github.com/aws/", "github.com/Azure/", "k8s.io/", "burrow/internal/jobs/", "burrow/internal/gobuild"} {
			if strings.HasPrefix(dep, ban) {
				t.Errorf("bunny links %s", dep)
			}
		}
	}
}
