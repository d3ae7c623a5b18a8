package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"gopkg.in/yaml.v3"

	"burrow/internal/local"
	"burrow/internal/plan"
)

// Settings are a stack's configuration: paths such as "network.aws.egress" under
// the default estate.
type Settings map[string]any

// ThreeZones are the default estate's zones and a third one.
var ThreeZones = []map[string]string{
	{"name": "eu-west-2a", "private": "10.0.1.0/24", "public": "10.0.101.0/24"},
	{"name": "eu-west-2b", "private": "10.0.2.0/24", "public": "10.0.102.0/24"},
	{"name": "eu-west-2c", "private": "10.0.3.0/24", "public": "10.0.103.0/24"},
}

// With is a copy with more settings, which win.
func (s Settings) With(more Settings) Settings {
	all := maps.Clone(s)
	if all == nil {
		all = Settings{}
	}
	maps.Copy(all, more)
	return all
}

// Plan is the estate of the settings in emulated clouds.
func (s Settings) Plan() (*plan.Plan, error) {
	values := map[string]string{}
	for section, value := range s.nested() {
		values[section] = string(must(json.Marshal(value)))
	}
	return plan.Load(values, Emulated())
}

// Emulated is the world of every scenario: all providers are emulated.
func Emulated() plan.World {
	w := plan.World{Emulated: map[string]bool{}}
	for _, name := range local.Providers {
		w.Emulated[name] = true
	}
	return w
}

// file are the settings as a stack file.
func (s Settings) file() []byte {
	config := map[string]any{}
	for section, value := range s.nested() {
		config["burrow:"+section] = value
	}
	return must(yaml.Marshal(map[string]any{"config": config}))
}

// nested are the settings as the objects that a stack file has, by section.
func (s Settings) nested() map[string]any {
	sections := map[string]any{}
	for path, value := range s {
		keys := strings.Split(path, ".")
		at := sections
		for _, key := range keys[:len(keys)-1] {
			if _, ok := at[key].(map[string]any); !ok {
				at[key] = map[string]any{}
			}
			at = at[key].(map[string]any)
		}
		at[keys[len(keys)-1]] = value
	}
	return sections
}

// must is for values that tests write themselves: what cannot be encoded is a
// mistake in the test.
func must(data []byte, err error) []byte {
	if err != nil {
		panic(fmt.Sprintf("encode settings: %v", err))
	}
	return data
}
