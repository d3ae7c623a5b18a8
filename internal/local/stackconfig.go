package local

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// The CLI writes the salt of a stack's secrets into Pulumi.<stack>.yaml, which
// git tracks and which may hold the salt of a real stack. The world therefore
// works on a copy of that file, made afresh for every run, with its own salt.

// secretsKeys are the top-level keys that say how a stack's secrets are encrypted.
var secretsKeys = []string{"encryptionsalt", "encryptedkey", "secretsprovider"}

// stackFile is the name of a stack's configuration file.
func stackFile(stack string) string { return "Pulumi." + stack + ".yaml" }

// copyConfig brings the world's copies of Pulumi.yaml and of the stack's
// configuration up to date, and returns the path of the latter.
func (w *World) copyConfig(r *request) (string, error) {
	project, err := os.ReadFile(filepath.Join(w.options.Dir, "Pulumi.yaml"))
	if err != nil {
		return "", fmt.Errorf("copy the project: %w", err)
	}
	if err := os.WriteFile(w.path("config", "Pulumi.yaml"), project, 0o600); err != nil {
		return "", fmt.Errorf("copy the project: %w", err)
	}
	from := filepath.Join(w.options.Dir, stackFile(r.stack))
	if r.configFile != "" {
		from, err = filepath.Abs(r.configFile)
	}
	to := w.path("config", stackFile(r.stack))
	if err == nil {
		err = w.copyStackFile(from, to)
	}
	if err != nil {
		return "", fmt.Errorf("copy the stack's configuration: %w", err)
	}
	return to, nil
}

// copyStackFile copies a configuration without what only another secrets
// provider can decrypt, and keeps the salt of the copy before.
func (w *World) copyStackFile(from, to string) error {
	config, err := readMapping(from)
	if err != nil {
		return err
	}
	for _, key := range secretsKeys {
		removeKey(config, key)
	}
	if left := removeEncrypted(config, nil); len(left) > 0 {
		fmt.Fprintf(w.options.Notices, "burrow: left out, since they are encrypted for a real stack: %s\n",
			strings.Join(left, ", "))
	}
	before, err := readMapping(to)
	if err != nil {
		return err
	}
	if salt := valueOf(before, secretsKeys[0]); salt != nil {
		config.Content = append(config.Content, scalar(secretsKeys[0]), salt)
	}
	var text bytes.Buffer
	enc := yaml.NewEncoder(&text)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(config), enc.Close()); err != nil {
		return err
	}
	return os.WriteFile(to, text.Bytes(), 0o600)
}

// readMapping reads a YAML file's top-level mapping; no file is an empty one.
func readMapping(path string) (*yaml.Node, error) {
	empty := &yaml.Node{Kind: yaml.MappingNode}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return empty, nil
	}
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		return empty, nil
	}
	if doc.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: not a mapping", path)
	}
	return doc.Content[0], nil
}

// removeEncrypted takes away every value {secure: …} and names their paths.
func removeEncrypted(n *yaml.Node, path []string) []string {
	var removed []string
	if n.Kind == yaml.MappingNode {
		for _, key := range keysOf(n) {
			at := append(slices.Clone(path), key)
			value := valueOf(n, key)
			if isEncrypted(value) {
				removeKey(n, key)
				removed = append(removed, strings.Join(at, "."))
				continue
			}
			removed = append(removed, removeEncrypted(value, at)...)
		}
		return removed
	}
	for _, element := range n.Content {
		removed = append(removed, removeEncrypted(element, path)...)
	}
	return removed
}

func isEncrypted(n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && slices.Equal(keysOf(n), []string{"secure"})
}

func keysOf(mapping *yaml.Node) []string {
	var keys []string
	for i := 0; i < len(mapping.Content); i += 2 {
		keys = append(keys, mapping.Content[i].Value)
	}
	return keys
}

func valueOf(mapping *yaml.Node, key string) *yaml.Node {
	if i := slices.Index(keysOf(mapping), key); i >= 0 {
		return mapping.Content[2*i+1]
	}
	return nil
}

func removeKey(mapping *yaml.Node, key string) {
	if i := slices.Index(keysOf(mapping), key); i >= 0 {
		mapping.Content = slices.Delete(mapping.Content, 2*i, 2*i+2)
	}
}

func scalar(value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: value} }
