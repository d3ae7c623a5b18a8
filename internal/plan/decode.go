package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// decoder writes JSON values into plan types field by field. It never stops at
// a fault: what cannot be decoded becomes a Problem and a zero value.
type decoder struct {
	problems Problems
	given    map[string]bool // paths that the configuration sets
}

var (
	prefixType = reflect.TypeFor[netip.Prefix]()
	addrType   = reflect.TypeFor[netip.Addr]()
)

// parseJSON reads one JSON value, numbers as they are written.
func parseJSON(text string) (any, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if dec.More() {
		return nil, fmt.Errorf("read JSON: more than one value")
	}
	return value, nil
}

// decode writes src, the value at path, into dst.
func (d *decoder) decode(path string, dst reflect.Value, src any) {
	d.given[path] = true
	switch {
	case dst.Type() == prefixType && constraints[pathOf(path)].Address:
		decodeText(d, path, dst, src, "an IPv4 range such as 198.51.100.0/24, or an address", parseHosts)
	case dst.Type() == prefixType:
		decodeText(d, path, dst, src, "an IPv4 range such as 10.0.0.0/16", netip.ParsePrefix)
	case dst.Type() == addrType:
		decodeText(d, path, dst, src, "an IPv4 address such as 10.0.0.4", netip.ParseAddr)
	case dst.Kind() == reflect.Struct:
		d.object(path, dst, src)
	case dst.Kind() == reflect.Map:
		d.texts(path, dst, src)
	case dst.Kind() == reflect.Slice:
		d.list(path, dst, src)
	case dst.Kind() == reflect.String:
		d.text(path, dst, src)
	case dst.Kind() == reflect.Bool:
		d.truth(path, dst, src)
	default:
		d.number(path, dst, src)
	}
}

// parseHosts reads a range, or an address as the range of it alone.
func parseHosts(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr.Prefix(addr.BitLen())
	}
	return netip.ParsePrefix(text)
}

// object merges an object over the values that dst holds.
func (d *decoder) object(path string, dst reflect.Value, src any) {
	object, ok := src.(map[string]any)
	if !ok {
		d.wrongType(path, src, "an object")
		return
	}
	fields := fieldsByKey(dst.Type())
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if field, known := fields[key]; known {
			d.decode(path+"."+key, dst.FieldByIndex(field.Index), object[key])
		} else {
			d.unknown(path, key, object[key], dst.Type())
		}
	}
}

// texts merges an object of strings over the map that dst holds.
func (d *decoder) texts(path string, dst reflect.Value, src any) {
	object, ok := src.(map[string]any)
	if !ok {
		d.wrongType(path, src, "an object of strings")
		return
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		text := reflect.New(dst.Type().Elem()).Elem()
		d.text(path+"."+key, text, object[key])
		dst.SetMapIndex(reflect.ValueOf(key), text)
	}
}

// list replaces the list that dst holds.
func (d *decoder) list(path string, dst reflect.Value, src any) {
	list, ok := src.([]any)
	if !ok {
		dst.SetZero()
		d.wrongType(path, src, "a list")
		return
	}
	dst.Set(reflect.MakeSlice(dst.Type(), len(list), len(list)))
	for i, item := range list {
		d.decode(fmt.Sprintf("%s[%d]", path, i), dst.Index(i), item)
	}
}

func (d *decoder) text(path string, dst reflect.Value, src any) {
	text, ok := src.(string)
	dst.SetString(text)
	if !ok {
		d.wrongType(path, src, "a string")
	}
}

func (d *decoder) truth(path string, dst reflect.Value, src any) {
	truth, ok := src.(bool)
	dst.SetBool(truth)
	if !ok {
		d.wrongType(path, src, "true or false")
	}
}

func (d *decoder) number(path string, dst reflect.Value, src any) {
	dst.SetZero()
	number, ok := src.(json.Number)
	if !ok || json.Unmarshal([]byte(number), dst.Addr().Interface()) != nil {
		dst.SetZero()
		d.wrongType(path, src, wholeNumber(dst.Type()))
	}
}

func wholeNumber(t reflect.Type) string {
	if t.Kind() == reflect.Uint32 {
		return "a whole number from 0 to 4294967295"
	}
	return "a whole number"
}

// decodeText decodes a string that has a form of its own. The empty string is
// the zero value: not set, so that it is derived or found missing later.
func decodeText[T any](d *decoder, path string, dst reflect.Value, src any, want string, parse func(string) (T, error)) {
	dst.SetZero()
	text, ok := src.(string)
	if ok && text == "" {
		return
	}
	value, err := parse(text)
	if !ok || err != nil {
		d.wrongType(path, src, want)
		return
	}
	dst.Set(reflect.ValueOf(value))
}

// wrongType reports a value of another type or form than its key has.
func (d *decoder) wrongType(path string, value any, want string) {
	remedy := "write " + want
	switch value := value.(type) {
	case json.Number:
		if want == "a string" {
			remedy = fmt.Sprintf("put it in quotes: %q", value)
		}
	case nil:
		remedy = "write " + want + ", or leave the key out to get its default"
	}
	d.problems = append(d.problems, Problem{
		Key:    path,
		Value:  show(value),
		Reason: "this key takes " + want,
		Remedy: remedy,
	})
}

// unknown reports a key that its object has not, with the nearest one it has.
// Values are shown when they cannot be secrets.
func (d *decoder) unknown(path, key string, value any, object reflect.Type) {
	if name, gone := formerKeys[join(path, key)]; gone {
		d.problems = append(d.problems, Problem{
			Key: join(path, key), Value: hideSecret(key, value), Reason: "this key of earlier versions is now " + name.key, Remedy: "write " + name.remedy,
		})
		return
	}
	near := join(path, nearest(key, slices.Collect(maps.Keys(fieldsByKey(object)))))
	if elsewhere := pathsTo(key); len(elsewhere) > 0 {
		near = strings.Join(elsewhere, " or ")
	}
	d.problems = append(d.problems, Problem{
		Key:    join(path, key),
		Value:  hideSecret(key, value),
		Reason: "Burrow has no such key; the nearest it has is " + near,
		Remedy: "write " + near + ", or take the key out",
	})
}

// formerKeys are those that earlier versions had, with what they became.
var formerKeys = map[string]struct{ key, remedy string }{
	"network.aws.nat": {"network.aws.egress", "egress: nat-per-zone for nat: per-zone, egress: nat-single for nat: single"},
}

// keys are the paths that have a problem already: what stands there now is not
// what the configuration says, so validation leaves it alone.
func (d *decoder) keys() map[string]bool {
	keys := make(map[string]bool, len(d.problems))
	for _, p := range d.problems {
		keys[p.Key] = true
	}
	return keys
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// nearest is the candidate with the least edit distance to key, case aside.
func nearest(key string, candidates []string) string {
	slices.Sort(candidates)
	distance := func(candidate string) int {
		return levenshtein.Distance(strings.ToLower(key), strings.ToLower(candidate), nil)
	}
	return slices.MinFunc(candidates, func(a, b string) int { return distance(a) - distance(b) })
}

// fieldsByKey are the fields of a struct type by JSON key.
func fieldsByKey(t reflect.Type) map[string]reflect.StructField {
	fields := make(map[string]reflect.StructField, t.NumField())
	for field := range t.Fields() {
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields[key] = field
	}
	return fields
}

// pathsTo are the paths of every key of that name, case aside, in the whole
// configuration: somebody who writes estate.region means network.aws.region.
func pathsTo(key string) []string {
	var found []string
	for _, path := range knownPaths("", reflect.TypeFor[Plan]()) {
		leaf := path[strings.LastIndex(path, ".")+1:]
		if strings.EqualFold(leaf, key) {
			found = append(found, path)
		}
	}
	if len(found) > 3 { // "name" or "cidr" say too little
		return nil
	}
	return found
}

// knownPaths are the paths of all keys beneath a type, sorted; keys inside list
// items are written with [].
func knownPaths(path string, t reflect.Type) []string {
	if t.Kind() == reflect.Slice {
		path, t = path+"[]", t.Elem()
	}
	if t.Kind() != reflect.Struct || t == prefixType || t == addrType {
		return nil
	}
	var paths []string
	for key, field := range fieldsByKey(t) {
		paths = append(paths, join(path, key))
		paths = append(paths, knownPaths(join(path, key), field.Type)...)
	}
	slices.Sort(paths)
	return paths
}
