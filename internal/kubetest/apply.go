package kubetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Apply is a server-side apply of the administrator, as strict as the API is: a field that it
// does not know is an error, in the API server's words. What is tried is judged and not kept.
func (s *Server) Apply(object map[string]any, try bool) error {
	path, err := s.pathOf(object)
	if err != nil {
		return err
	}
	query := url.Values{"fieldManager": {"kubetest"}, "fieldValidation": {"Strict"}, "force": {"true"}}
	if try {
		query.Set("dryRun", "All")
	}
	code, said, err := s.ask(http.MethodPatch, path+"?"+query.Encode(), applyPatch, object)
	if err == nil && code >= 300 {
		err = fmt.Errorf("%d: %s", code, said)
	}
	if err != nil {
		return fmt.Errorf("apply %s: %w", path, err)
	}
	return nil
}

// pathOf asks the API server where objects of a kind are.
func (s *Server) pathOf(object map[string]any) (string, error) {
	version, _ := object["apiVersion"].(string)
	kind, _ := object["kind"].(string)
	root := "/apis/" + version
	if !strings.Contains(version, "/") {
		root = "/api/" + version
	}
	code, text, err := s.ask(http.MethodGet, root, plainJSON, nil)
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("%d: %s", code, text)
	}
	if err != nil {
		return "", fmt.Errorf("discover %s: %w", version, err)
	}
	var list struct {
		Resources []struct {
			Name, Kind string
			Namespaced bool
		}
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return "", fmt.Errorf("discover %s: %w", version, err)
	}
	meta, _ := object["metadata"].(map[string]any)
	for _, r := range list.Resources {
		switch {
		case r.Kind != kind || strings.Contains(r.Name, "/"):
		case r.Namespaced:
			return fmt.Sprintf("%s/namespaces/%v/%s/%v", root, meta["namespace"], r.Name, meta["name"]), nil
		default:
			return fmt.Sprintf("%s/%s/%v", root, r.Name, meta["name"]), nil
		}
	}
	return "", fmt.Errorf("the API server has no %s of %s", kind, version)
}
