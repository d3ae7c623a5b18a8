package aws

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/rules"
)

// provider says that the Terraform provider refuses, before AWS sees anything.
// Ids are those of package rules; PRO-12 stands for a check of the provider
// that has no number of its own, and PRO-14 for a rule of AWS that has none.
func provider(id rules.ID, path, source string, broken func(*emulator.Call) string) emulator.Rule {
	return emulator.Rule{ID: id, On: emulator.OpCheck, Source: source, Path: path, Broken: broken}
}

// refuse says that AWS answers with an error.
func refuse(id rules.ID, code string, on emulator.Op, source string, broken func(*emulator.Call) string) emulator.Rule {
	return emulator.Rule{ID: id, Code: code, On: on, Source: source, Broken: broken}
}

// fails says that AWS accepts and fails afterwards.
func fails(id rules.ID, code string, on emulator.Op, source string, broken func(*emulator.Call) string) emulator.Rule {
	return emulator.Rule{ID: id, Code: code, On: on, Source: source, Broken: broken, Late: true}
}

// terraform names a file of the Terraform provider that pulumi-aws wraps.
func terraform(file string) string {
	return "hashicorp/terraform-provider-aws internal/service/" + file
}

// moto names a file of getmoto/moto, which keeps AWS's codes and messages.
func moto(file string) string { return "getmoto/moto moto/" + file }

// model names a service's API model as AWS publishes it.
func model(service string) string { return "aws/aws-sdk-go models/apis/" + service }

// forceNew lists properties that the Terraform provider marks ForceNew.
func forceNew(file string, paths ...string) []emulator.Replace {
	list := make([]emulator.Replace, len(paths))
	for i, path := range paths {
		list[i] = emulator.Replace{Path: path, Source: terraform(file)}
	}
	return list
}

// refersTo is a reference by id.
func refersTo(path, missing, inUse, source string, to ...string) emulator.Ref {
	return emulator.Ref{Path: path, To: to, Missing: missing, InUse: inUse, Source: source}
}

// refersBy is a reference by another output of the target.
func refersBy(path, by, missing, inUse, source string, to ...string) emulator.Ref {
	return emulator.Ref{Path: path, To: to, By: by, Missing: missing, InUse: inUse, Source: source}
}

// all joins lists of rules.
func all(lists ...[]emulator.Rule) []emulator.Rule { return slices.Concat(lists...) }

// exactlyOne refuses none and more than one of the properties, in Terraform's
// words. Something unknown may be the one, and counts for nothing else.
func exactlyOne(id rules.ID, source string, properties ...string) emulator.Rule {
	return provider(id, "", source, func(c *emulator.Call) string {
		given := known(c.In, properties)
		switch {
		case len(given) > 1:
			return fmt.Sprintf("only one of `%s` can be specified, but `%s` were specified",
				strings.Join(properties, ","), strings.Join(given, ","))
		case len(present(c.In, properties)) == 0:
			return fmt.Sprintf("one of `%s` must be specified", strings.Join(properties, ","))
		}
		return ""
	})
}

// atMostOne refuses more than one of the properties, in Terraform's words.
func atMostOne(id rules.ID, source string, properties ...string) emulator.Rule {
	return provider(id, "", source, func(c *emulator.Call) string {
		if given := known(c.In, properties); len(given) > 1 {
			return fmt.Sprintf("%q: conflicts with %s", given[0], given[1])
		}
		return ""
	})
}

// present are the properties that have a value, known or not.
func present(in inventory.Props, properties []string) []string {
	return slices.DeleteFunc(slices.Clone(properties), func(p string) bool { return !in.Has(p) })
}

// known are the properties that have a value which is not unknown itself.
func known(in inventory.Props, properties []string) []string {
	return slices.DeleteFunc(present(in, properties), func(p string) bool {
		v, _ := in.Get(p)
		_, unknown := v.(inventory.Unknown)
		return unknown
	})
}

// within refuses a number outside the range, where there is one at all.
func within(id rules.ID, path, source string, least, most int) emulator.Rule {
	return provider(id, path, source, func(c *emulator.Call) string {
		var broken string
		c.In.Each(path, func(at string, v any) {
			if n, ok := v.(float64); ok && (n < float64(least) || n > float64(most)) {
				broken = fmt.Sprintf("expected %s to be in the range (%d - %d), got %v", at, least, most, n)
			}
		})
		return broken
	})
}

// oneOf refuses a text that is not in the list, where there is one at all.
func oneOf(id rules.ID, path, source string, values ...string) emulator.Rule {
	return provider(id, path, source, func(c *emulator.Call) string {
		for _, s := range c.In.Strings(path) {
			if !slices.Contains(values, s) {
				return fmt.Sprintf("expected %s to be one of %q, got %s", path, values, s)
			}
		}
		return ""
	})
}

// matches refuses a text that does not match, without repeating it.
func matches(id rules.ID, path, source string, pattern *regexp.Regexp, words string) emulator.Rule {
	return provider(id, path, source, func(c *emulator.Call) string {
		if s := c.In.Str(path); s != "" && !pattern.MatchString(s) {
			return fmt.Sprintf("invalid value for %s (%s)", path, words)
		}
		return ""
	})
}

// others are the objects of the types that the call is not about.
func others(c *emulator.Call, types ...string) []*inventory.Object {
	return slices.DeleteFunc(c.Tx.All(types...), func(o *inventory.Object) bool {
		return o.ID == c.ID && o.Type == c.Kind.Type
	})
}

// where are the others of a type whose value at the path is the given one.
func where(c *emulator.Call, typ, path, value string) []*inventory.Object {
	return slices.DeleteFunc(others(c, typ), func(o *inventory.Object) bool { return o.Value(path) != value })
}

// valueOf is a property of an object by its id, "" when there is no such object.
func valueOf(c *emulator.Call, typ, id, path string) string {
	o := c.Tx.Get(typ, id)
	if o == nil {
		return ""
	}
	return o.Value(path)
}

// grow adds to a list of the outputs what objects of their own have put there,
// each once.
func grow(c *emulator.Call, list string, from []*inventory.Object, path string) {
	all := c.Out.Strings(list)
	for _, o := range from {
		all = append(all, o.Value(path))
	}
	slices.Sort(all)
	c.Out.Set(list, slices.Compact(all))
}

// keep gives an output the value that it had, or a new one.
func keep(c *emulator.Call, path string, made func() any) {
	if v, ok := c.Old.Get(path); ok {
		c.Out.Default(path, v)
		return
	}
	if !c.Out.Has(path) {
		c.Out.Set(path, made())
	}
}

// defaults sets outputs that nobody has set.
func defaults(c *emulator.Call, values inventory.Props) {
	for name, v := range values {
		c.Out.Default(name, v)
	}
}

// made stores what a cloud makes by itself beside the object of the call. All of
// it stands in the outputs: what a cloud makes by itself holds on to nothing.
func made(c *emulator.Call, typ, id string, out inventory.Props) {
	c.Tx.Put(&inventory.Object{Type: typ, ID: id, MadeBy: c.ID, In: inventory.Props{}, Out: out})
}

// unmake takes away what a cloud made beside the object of the call.
func unmake(c *emulator.Call, types ...string) {
	removeIf(c, func(o *inventory.Object) bool { return o.MadeBy == c.ID }, types...)
}

func removeIf(c *emulator.Call, doomed func(*inventory.Object) bool, types ...string) {
	for _, typ := range types {
		for _, o := range c.Tx.Where(typ, doomed) {
			c.Tx.Remove(o)
		}
	}
}

// firstOf returns the first message that is not empty.
func firstOf(messages ...string) string { return cmp.Or(messages...) }
