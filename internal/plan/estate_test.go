package plan

import (
	"maps"
	"testing"
)

func TestNames(t *testing.T) {
	tests := []struct{ suffix, base, name string }{
		{"", "burrow-vpc", "burrow-vpc"},
		{"blue", "burrow-vpc", "burrow-vpc-blue"},
		{"a-1", "relay", "relay-a-1"},
	}
	for _, test := range tests {
		e := Estate{Suffix: test.suffix}
		if got := e.Name(test.base); got != test.name {
			t.Errorf("suffix %q: Name(%q) = %q, want %q", test.suffix, test.base, got, test.name)
		}
	}
}

func TestTags(t *testing.T) {
	e := Estate{
		Environment: "dev", Project: "shop", Owner: "platform",
		// Load refuses Owner here; Tags keeps its own even so.
		ExtraTags: map[string]string{"CostCentre": "42", "Owner": "somebody"},
	}
	want := map[string]string{
		"Environment": "dev", "Project": "shop", "Owner": "platform",
		"Name": "burrow-vpc", "ManagedBy": "burrow", "CostCentre": "42",
	}
	got := e.Tags("burrow-vpc")
	if !maps.Equal(got, want) {
		t.Errorf("Tags = %v, want %v", got, want)
	}
	got["Environment"] = "changed"
	if e.Tags("x")["Environment"] != "dev" || len(e.ExtraTags) != 2 {
		t.Error("a caller's change of its tags reached the estate")
	}
	if len(ownTags) != 5 {
		t.Errorf("%d own tags, want 5", len(ownTags))
	}
	for _, key := range ownTags {
		if _, ok := got[key]; !ok {
			t.Errorf("own tag %s is not written", key)
		}
	}
}
