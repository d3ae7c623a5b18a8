package kubelogin

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestReadRequest(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want Request
		code int
	}{
		"by hand":         {"", Request{"client.authentication.k8s.io/v1", false}, 0},
		"v1":              {`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":true}}`, Request{"client.authentication.k8s.io/v1", true}, 0},
		"v1beta1":         {`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{"interactive":false}}`, Request{"client.authentication.k8s.io/v1beta1", false}, 0},
		"unknown version": {`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v2"}`, Request{}, BadRequest.Code},
		"another kind":    {`{"kind":"Pod","apiVersion":"client.authentication.k8s.io/v1"}`, Request{}, BadRequest.Code},
		"no JSON":         {`{`, Request{}, BadRequest.Code},
	} {
		got, err := ReadRequest(c.text)
		if code := codeOf(err); got != c.want || code != c.code {
			t.Errorf("%s: %v, code %d (%v)", name, got, code, err)
		}
	}
}

// codeOf is the exit code of an error: 0 for none, 1 for what is no failure of a login.
func codeOf(err error) int {
	failure := &Failure{}
	switch {
	case err == nil:
		return 0
	case errors.As(err, &failure):
		return failure.Code
	}
	return 1
}

func TestWithin(t *testing.T) {
	c := Credential{"secret", noon}
	if got := c.Within(noon.Add(-time.Second)); got != (Credential{"secret", noon.Add(-time.Second)}) {
		t.Errorf("used until %v, after its lease", got.Expires)
	}
	if got := c.Within(noon.Add(time.Second)); got != c {
		t.Errorf("a longer lease has it used until %v", got.Expires)
	}
}

func TestWrite(t *testing.T) {
	var out bytes.Buffer
	at := time.Date(2026, 11, 27, 13, 0, 0, 0, time.FixedZone("", 3600))
	if err := Write(&out, Request{"client.authentication.k8s.io/v1", true}, Credential{"secret", at}); err != nil {
		t.Fatal(err)
	}
	var got struct {
		APIVersion, Kind string
		Spec             struct{ Interactive bool }
		Status           struct{ Token, ExpirationTimestamp string }
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.APIVersion != "client.authentication.k8s.io/v1" || got.Kind != "ExecCredential" || !got.Spec.Interactive ||
		got.Status.Token != "secret" || got.Status.ExpirationTimestamp != "2026-11-27T12:00:00Z" {
		t.Errorf("answered %s", out.String())
	}
}

// Each kind has a code of its own, above those of the command line, and says what to do.
func TestKinds(t *testing.T) {
	seen := map[int]bool{}
	for _, k := range Kinds() {
		if seen[k.Code] || k.Code < 10 || k.Code > 29 || k.Means == "" || k.Remedy == "" {
			t.Errorf("kind %+v", k)
		}
		seen[k.Code] = true
		if err := fail(k, errors.New("because")); !strings.Contains(err.Error(), "because") || !strings.Contains(err.Error(), k.Remedy) {
			t.Errorf("kind %d says %v", k.Code, err)
		}
	}
}
