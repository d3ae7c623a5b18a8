package kubetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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
	text, err := json.Marshal(object)
	if err != nil {
		return err
	}
	r, err := http.NewRequest(http.MethodPatch, "https://"+s.Address+path+"?"+query.Encode(), bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/apply-patch+yaml")
	answer, err := s.admin.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 {
		return fmt.Errorf("apply %s: %s: %s %w", path, answer.Status, said, err)
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
	code, text, err := s.ask(http.MethodGet, root, nil)
	if err != nil || code != http.StatusOK {
		return "", fmt.Errorf("discover %s: %d %w", version, code, err)
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
