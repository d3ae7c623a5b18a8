package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"burrow/internal/emulator"
)

// writeState writes the state of the default stack as the file backend does.
func writeState(t *testing.T, w *World, text string) {
	t.Helper()
	file := w.stateFile(defaultStack)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

const (
	bucketInState    = `{"urn":"urn:pulumi:dev::tiny::aws:s3/bucket:Bucket::b","custom":true,"type":"aws:s3/bucket:Bucket","id":"b"}`
	providerInState  = `{"urn":"urn:pulumi:dev::tiny::pulumi:providers:aws::p","custom":true,"type":"pulumi:providers:aws","id":"p"}`
	componentInState = `{"urn":"urn:pulumi:dev::tiny::burrow:k8s:Bunny::c","custom":false,"type":"burrow:k8s:Bunny"}`
)

func stateOf(resource, pending string) string {
	return `{"version":3,"checkpoint":{"stack":"dev","latest":{"resources":[` + resource +
		`],"pending_operations":[` + pending + `]}}}`
}

func creating(resource string) string { return `{"type":"creating","resource":` + resource + `}` }

// What is in no cloud cannot come to exist twice.
func TestCheckPending(t *testing.T) {
	t.Parallel()
	p := newProject(t, "says")
	for pending, refused := range map[string]bool{
		"":                         false,
		creating(componentInState): false,
		creating(providerInState):  false,
		creating(bucketInState):    true,
		`{"type":"updating","resource":` + bucketInState + `}`: false,
	} {
		writeState(t, p.World, stateOf("", pending))
		err := p.checkPending(defaultStack)
		if got := errors.As(err, new(*PendingCreateError)); got != refused || err != nil && !refused {
			t.Errorf("pending %s: %v, refused should be %t", pending, err, refused)
		}
	}
}

// A state whose clouds have been removed says so, and names the way out.
func TestCheckWorld(t *testing.T) {
	t.Parallel()
	p := newProject(t, "says")
	for resource, lost := range map[string]bool{"": false, componentInState: false, providerInState: false, bucketInState: true} {
		writeState(t, p.World, stateOf(resource, ""))
		err := p.checkWorld(defaultStack)
		if got := err != nil && strings.Contains(err.Error(), "burrow local reset"); got != lost {
			t.Errorf("state with %s: %v, lost should be %t", resource, err, lost)
		}
	}
	writeState(t, p.World, stateOf(bucketInState, ""))
	if err := p.Run(context.Background(), &safeBuffer{}, "up"); err == nil || !strings.Contains(err.Error(), "are gone") {
		t.Errorf("up without the world of its state: %v", err)
	}
	if _, err := p.openWorld(); err != nil {
		t.Fatal(err)
	}
	if err := p.checkWorld(defaultStack); err != nil {
		t.Errorf("with a world: %v", err)
	}
}

func TestDamagedState(t *testing.T) {
	t.Parallel()
	p := newProject(t, "says")
	for _, text := range []string{"", "{", `{"version":3,"checkpoint":[]}`} {
		writeState(t, p.World, text)
		err := p.Run(context.Background(), &safeBuffer{}, "up")
		if err == nil || !strings.Contains(err.Error(), p.stateFile(defaultStack)) {
			t.Errorf("state %q: error %v, want one that names the file", text, err)
		}
	}
	if err := p.Reset(); err != nil {
		t.Errorf("reset: %v", err)
	}
}

func TestDamagedWorld(t *testing.T) {
	t.Parallel()
	p := newProject(t, "says")
	if err := p.prepareFolder(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.path("world.db"), []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := p.Status(&safeBuffer{}, StatusOptions{})
	if !errors.Is(err, emulator.ErrDamaged) || !strings.Contains(err.Error(), "burrow local reset") {
		t.Errorf("error %v, want ErrDamaged and a remedy", err)
	}
	if err := p.Reset(); err != nil {
		t.Errorf("reset: %v", err)
	}
}

func TestCheckCaller(t *testing.T) {
	t.Parallel()
	for arn, ok := range map[string]bool{
		"": true, "arn:aws:iam::123456789012:role/deployer": true, "arn:aws:iam::123456789012:user/a": true,
		"arn:aws-us-gov:sts::123456789012:assumed-role/a/b": true,
		"deployer": false, "arn:aws:s3:::bucket": false, "arn:aws:iam::123456789012:": false,
	} {
		if err := checkCaller(arn); (err == nil) != ok {
			t.Errorf("%q: %v, want ok %t", arn, err, ok)
		}
	}
}
