package kube

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
)

// Reasons of the API server's refusals, and one of the provider's own.
const (
	codeInvalid     = "Invalid"
	codeBadRequest  = "BadRequest"
	codeNotFound    = "NotFound"
	codeForbidden   = "Forbidden"
	codeConflict    = "Conflict"
	codeAwait       = "AwaitFailed"
	codeUnreachable = "ClusterUnreachable"
)

// Cloud is the Kubernetes API of every emulated cluster, behind the provider
// kubernetes.
func Cloud() *emulator.Cloud {
	c := &emulator.Cloud{
		Name: "kubernetes", Style: style, Wrap: wrap,
		Home: home, HostedOn: hostedOn, Ready: ready, ConfigReplaces: configReplaces,
		Defaults: defaultNamespace, Taken: apply,
	}
	for _, r := range resources() {
		c.Kinds = append(c.Kinds, r.declare())
	}
	return c
}

// style is that of pulumi-kubernetes 4. Source: pulumi-kubernetes
// provider/pkg/metadata/naming.go, provider/pkg/provider/provider.go.
var style = &emulator.Style{
	Separator: "-", Digits: 8, Mark: markAutonamed, IsMarked: isAutonamed,
	DeleteFirst: keepsGivenName, ReadInputs: readInputs,
}

// autonamed is the annotation of objects that the provider named.
const autonamed = `metadata.annotations["pulumi.com/autonamed"]`

func markAutonamed(in inventory.Props, _ string) { in.Set(autonamed, "true") }

func isAutonamed(in inventory.Props, _ string) bool { return in.Str(autonamed) == "true" }

// keepsGivenName holds when the replacement would have the name of the replaced.
func keepsGivenName(c *emulator.Call) bool {
	return !c.Changed("metadata.name") && !c.Changed("metadata.namespace") && !isAutonamed(c.In, "")
}

// defaultNamespace puts the provider's namespace where none is given.
func defaultNamespace(c *emulator.Call) {
	namespace := c.Provider.Str("namespace")
	if r := resourceOf(c.Kind.Type); namespace != "" && r.namespaced {
		c.In.Default("metadata.namespace", namespace)
	}
}

// serverFields are what only the API server writes.
var serverFields = []string{
	"metadata.uid", "metadata.creationTimestamp", "metadata.resourceVersion",
	"metadata.generation", "metadata.managedFields", "metadata.selfLink", "status",
}

// readInputs takes what drifted into the inputs, or, for an import, all that a
// user could have written.
func readInputs(r emulator.Reading) inventory.Props {
	in := emulator.BridgedInputs(r)
	if len(r.OldIn) == 0 {
		for _, path := range serverFields {
			in.Del(path)
		}
		return in
	}
	if text, written := r.OldIn["stringData"]; written {
		in["stringData"] = text // the API server returns it as data
	}
	return in
}

// apply is server-side apply onto an object that exists, as pulumi-kubernetes 4
// creates: fields that another manager has set to another value are a conflict;
// otherwise the new fields join the old ones. Source: pulumi-kubernetes
// provider/pkg/await/await.go, Creation.
func apply(c *emulator.Call) *emulator.Fault {
	if fields := conflicts("", c.OldIn, c.In); len(fields) > 0 {
		return &emulator.Fault{
			Code: codeConflict, Check: "server-side apply",
			Source: "Kubernetes reference, using-api/server-side-apply, conflicts",
			Message: fmt.Sprintf("Apply failed with %d conflict(s) with another field manager: %s",
				len(fields), strings.Join(fields, ", ")),
		}
	}
	c.In = merge(c.OldIn, c.In)
	if r := resourceOf(c.Kind.Type); r.frozen != nil {
		if why := r.thawed(c); why != "" {
			return &emulator.Fault{Code: codeInvalid, Message: why, Rule: "K8S-09", Source: sourceFrozen}
		}
	}
	return nil
}

// conflicts are the fields that both maps set, to different values.
func conflicts(at string, a, b map[string]any) (fields []string) {
	for _, name := range slices.Sorted(maps.Keys(b)) {
		x, y := a[name], b[name]
		mx, isMapX := x.(map[string]any)
		my, isMapY := y.(map[string]any)
		switch {
		case x == nil || y == nil:
		case isMapX && isMapY:
			fields = append(fields, conflicts(at+"."+name, mx, my)...)
		case fmt.Sprint(x) != fmt.Sprint(y):
			fields = append(fields, at+"."+name)
		}
	}
	return fields
}

// merge puts b over a copy of a, objects within objects.
func merge(a, b map[string]any) map[string]any {
	out := inventory.Props(a).Clone()
	for name, v := range b {
		x, isMapX := out[name].(map[string]any)
		y, isMapY := v.(map[string]any)
		if isMapX && isMapY {
			v = merge(x, y)
		}
		out[name] = v
	}
	return out
}

// wrap words a refusal as the provider prints it. Source: pulumi-kubernetes 4.23
// provider/pkg/provider/provider.go, Create, Update and Delete.
func wrap(c *emulator.Call, f *emulator.Fault) string {
	if f.Code == codeUnreachable {
		return "configured Kubernetes cluster is unreachable: unable to load schema information from the API server: " + f.Message
	}
	switch {
	case c.Op == emulator.OpCreate && f.Code == codeAwait:
		return fmt.Sprintf("resource %q was successfully created, but the Kubernetes API server reported that it failed to fully initialize or become live: %s", c.URN, f.Message)
	case c.Op == emulator.OpCreate:
		return fmt.Sprintf("resource %q was not successfully created by the Kubernetes API server: %s", c.URN, f.Message)
	case c.Op == emulator.OpUpdate:
		return fmt.Sprintf("the Kubernetes API server reported that %q failed to fully initialize or become live: %s", idOf(c), f.Message)
	}
	return f.Message
}
