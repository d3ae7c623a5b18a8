package scenario

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	bolt "go.etcd.io/bbolt"
	"gopkg.in/yaml.v3"

	"burrow/internal/inventory"
	"burrow/internal/local"
)

// The files of a kept estate: what a version of Burrow made, with a placeholder
// for every secret, for the versions after it to try themselves on.
const (
	keptWorld    = "world.db.gz"
	keptState    = "state.json.gz"
	keptSettings = "settings.yaml"
)

// Kept is an estate that an earlier version made, in its clouds, with the
// configuration that it had, but for what is set.
func Kept(t *testing.T, dir string, set Settings) *Stack {
	t.Helper()
	home := t.TempDir()
	must := func(data []byte, err error) []byte {
		if err != nil {
			t.Fatalf("unpack the kept estate: %v", err)
		}
		return data
	}
	write := func(name string, data []byte) string {
		path := filepath.Join(home, name)
		must(nil, os.WriteFile(path, data, 0o600))
		return path
	}
	worldFile, stateFile := must(gunzip(filepath.Join(dir, keptWorld))), must(gunzip(filepath.Join(dir, keptState)))
	write("world.db", worldFile)
	s := open(t, home, nil)
	s.provePlaceholders(string(worldFile), string(stateFile))
	var settings struct{ Config map[string]map[string]any }
	must(nil, yaml.Unmarshal(must(os.ReadFile(filepath.Join(dir, keptSettings))), &settings))
	for path, value := range set {
		section, key, _ := strings.Cut(path, ".")
		settings.Config["burrow:"+section][key] = value
	}
	write(filepath.Base(s.file), must(yaml.Marshal(map[string]any{"config": settings.Config})))
	s.Run("stack", "init", s.name)
	var kept struct {
		Version    int                  `json:"version"`
		Deployment apitype.DeploymentV3 `json:"deployment"`
	}
	must(nil, json.Unmarshal(stateFile, &kept))
	fresh, err := s.world.State(s.name)
	must(nil, err)
	kept.Deployment.SecretsProviders = fresh.SecretsProviders // the import encrypts with it
	state := write("kept.json", must(json.Marshal(kept)))
	s.Run("stack", "import", "--file", state, "--stack", s.name)
	return s
}

// provePlaceholders demands that the kept clouds hold placeholders for secrets, and
// that no text holds a credential.
func (s *Stack) provePlaceholders(texts ...string) {
	s.t.Helper()
	secrets := map[string]string{}
	for _, o := range s.Objects() {
		for _, props := range []inventory.Props{o.In, o.Out, o.Hidden} {
			collectSecrets(secrets, o.Type, map[string]any(props))
		}
	}
	if len(secrets) < 6 {
		s.t.Errorf("the kept clouds hold %d secrets; four keys and two configurations at least were expected", len(secrets))
	}
	for secret, property := range secrets {
		if !strings.HasPrefix(secret, placeholder) {
			s.t.Errorf("the kept %s is no placeholder", property)
		}
	}
	for what, shape := range credentialShapes {
		for _, text := range texts {
			if shape.MatchString(text) {
				s.t.Errorf("the kept files hold %s", what)
			}
		}
	}
}

// Keep writes the local world at home, and its stack dev, as an estate that is
// kept.
func Keep(home, settings, dir string) error {
	root, err := local.FindProject(".")
	if err != nil {
		return err
	}
	world, err := local.New(local.Options{Dir: root, Home: home, Bin: bin(root)})
	if err != nil {
		return err
	}
	state, err := world.State("dev")
	if err != nil {
		return err
	}
	source, err := bolt.Open(filepath.Join(home, "world.db"), 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer source.Close()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	holders := placeholders{}
	return errors.Join(
		holders.find(source),
		holders.keepWorld(source, filepath.Join(dir, keptWorld)),
		holders.keepState(state, filepath.Join(dir, keptState)),
		keepSettings(settings, filepath.Join(dir, keptSettings)),
	)
}

const placeholder = "PLACEHOLDER."

// placeholders stand for secrets, by the secret.
type placeholders map[string]string

// find gives every secret of the clouds a placeholder that is a good pre-shared
// key for both of them (XV-07).
func (p placeholders) find(db *bolt.DB) error {
	return db.View(func(tx *bolt.Tx) error {
		return eachValue(tx, func(_ [][]byte, _, value []byte) error {
			var o inventory.Object
			if json.Unmarshal(value, &o) != nil || o.Type == "" {
				return nil // a number or a name
			}
			found := map[string]string{}
			for _, props := range []inventory.Props{o.In, o.Out, o.Hidden} {
				collectSecrets(found, o.Type, map[string]any(props))
			}
			for _, secret := range slices.Sorted(maps.Keys(found)) {
				if p[secret] == "" {
					p[secret] = fmt.Sprintf("%s%d.of.a.secret", placeholder, len(p)+1)
				}
			}
			return nil
		})
	})
}

// replaced is a JSON value with placeholders for secrets, and without what only
// says where in a program a resource came from.
func (p placeholders) replaced(v any) any {
	switch v := v.(type) {
	case string:
		if holder := p[v]; holder != "" {
			return holder
		}
		// A secret's plaintext is JSON itself. Other JSON stays as it was written.
		var inner any
		if decode([]byte(v), &inner) == nil && p.in(inner) {
			if text, err := json.Marshal(p.replaced(inner)); err == nil {
				return string(text)
			}
		}
	case map[string]any:
		delete(v, "stackTrace")
		delete(v, "sourcePosition")
		for key, e := range v {
			v[key] = p.replaced(e)
		}
	case []any:
		for i, e := range v {
			v[i] = p.replaced(e)
		}
	}
	return v
}

// in says whether a value holds a secret.
func (p placeholders) in(v any) bool {
	switch v := v.(type) {
	case string:
		return p[v] != ""
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), p.in)
	case []any:
		return slices.ContainsFunc(v, p.in)
	}
	return false
}

func (p placeholders) keepWorld(source *bolt.DB, file string) error {
	// A new file: the pages of an old one remember what was replaced in them.
	temp := file + ".tmp"
	defer os.Remove(temp)
	kept, err := bolt.Open(temp, 0o600, nil)
	if err != nil {
		return err
	}
	err = source.View(func(from *bolt.Tx) error {
		return kept.Update(func(to *bolt.Tx) error {
			return eachValue(from, func(path [][]byte, key, value []byte) error {
				at, err := bucketAt(from, to, path)
				if err != nil || key == nil {
					return err
				}
				var v any
				if decode(value, &v) == nil {
					if value, err = json.Marshal(p.replaced(v)); err != nil {
						return err
					}
				}
				return at.Put(key, value)
			})
		})
	})
	if err = errors.Join(err, kept.Close()); err != nil {
		return err
	}
	data, err := os.ReadFile(temp)
	if err != nil {
		return err
	}
	return compress(file, data)
}

// keepState writes the state as `stack import` takes it.
func (p placeholders) keepState(state *apitype.DeploymentV3, file string) error {
	state.SecretsProviders = nil
	data, err := json.Marshal(state)
	if err != nil {
		return err
	}
	var v any
	if err := decode(data, &v); err != nil {
		return err
	}
	data, err = json.Marshal(map[string]any{"version": 3, "deployment": p.replaced(v)})
	if err != nil {
		return err
	}
	return compress(file, data)
}

// keepSettings writes the configuration without its comments.
func keepSettings(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var settings struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(data, &settings); err != nil {
		return err
	}
	if data, err = yaml.Marshal(map[string]any{"config": settings.Config}); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}

// eachValue calls f for every bucket, with a nil key, and for every value, with
// the names of the buckets that lead there.
func eachValue(tx *bolt.Tx, f func(path [][]byte, key, value []byte) error) error {
	var walk func(path [][]byte, b *bolt.Bucket) error
	walk = func(path [][]byte, b *bolt.Bucket) error {
		if err := f(path, nil, nil); err != nil {
			return err
		}
		return b.ForEach(func(key, value []byte) error {
			if value == nil {
				return walk(append(path[:len(path):len(path)], key), b.Bucket(key))
			}
			return f(path, key, value)
		})
	}
	return tx.ForEach(func(name []byte, b *bolt.Bucket) error { return walk([][]byte{name}, b) })
}

// bucketAt is the bucket of the copy, made where it is missing.
func bucketAt(from, to *bolt.Tx, path [][]byte) (*bolt.Bucket, error) {
	source, b := from.Bucket(path[0]), to.Bucket(path[0])
	var err error
	if b == nil {
		if b, err = to.CreateBucket(path[0]); err != nil {
			return nil, err
		}
	}
	for _, name := range path[1:] {
		source = source.Bucket(name)
		if b, err = b.CreateBucketIfNotExists(name); err != nil {
			return nil, err
		}
	}
	return b, b.SetSequence(source.Sequence())
}

func decode(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber() // what is not changed stays as it was written
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one value")
	}
	return nil
}

func compress(file string, data []byte) error {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o644)
}

func gunzip(file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
