package kube

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/rules"
)

// A resource is one kind of Kubernetes object.
type resource struct {
	group, version, kind string
	namespaced           bool
	new                  func() metav1.Object
	name                 apivalidation.ValidateNameFunc
	// validate is what the API server checks beyond the metadata.
	validate func(obj metav1.Object) field.ErrorList
	// ruled is the rule that validate has of its own, and its source.
	ruled       rules.ID
	ruledSource string
	// selects checks that a workload's selector finds its own pods, and frozen that
	// an update leaves what cannot change; both are given what defaults make of it.
	selects func(obj metav1.Object) field.ErrorList
	frozen  func(before, after metav1.Object) field.ErrorList
	rules   []emulator.Rule
	// awaits is what the provider waits for.
	awaits await
	// fill sets the defaults that the API server sets, and what it allocates.
	fill func(*emulator.Call)
	made func(*emulator.Call) error
	gone func(*emulator.Call) error
	// replace are the properties whose change replaces the object, besides name
	// and namespace.
	replace []string
}

// token is the Pulumi token, for example kubernetes:core/v1:Namespace.
func (r resource) token() string {
	group := r.group
	if group == "" {
		group = "core"
	}
	return "kubernetes:" + group + "/" + r.version + ":" + r.kind
}

func resourceOf(token string) resource {
	all := resources()
	return all[slices.IndexFunc(all, func(r resource) bool { return r.token() == token })]
}

const (
	sourceForceNew = "pulumi-kubernetes provider/pkg/provider/diff.go"
	sourceMeta     = "k8s.io/apimachinery pkg/api/validation"
	sourceFrozen   = "Kubernetes pkg/apis/*/validation, the update functions"
)

// declare makes the kind.
func (r resource) declare() *emulator.Kind {
	k := &emulator.Kind{
		Type:     r.token(),
		AutoName: &emulator.AutoName{Property: "metadata.name", Max: 253},
		NewID:    func(c *emulator.Call) (string, error) { return idOf(c), nil },
		Rules:    append(r.commonRules(), r.rules...),
		Fill:     r.fillIn, Made: r.made, Settled: settle,
		Gone: func(c *emulator.Call) error {
			if r.gone != nil {
				if err := r.gone(c); err != nil {
					return err
				}
			}
			return settle(c)
		},
	}
	if r.awaits != nil {
		k.Rules = append(k.Rules, r.awaitRules()...)
	}
	for _, path := range append([]string{"metadata.name", "metadata.namespace"}, r.replace...) {
		k.Replace = append(k.Replace, emulator.Replace{Path: path, Source: sourceForceNew})
	}
	return k
}

// commonRules are what the API server checks of every object, in its order.
func (r resource) commonRules() []emulator.Rule {
	all := []emulator.Rule{
		{ID: "K8S-01", Code: codeBadRequest, On: emulator.OpWrite, Source: "sigs.k8s.io/json, strict decoding", Broken: r.undecodable},
		{ID: "K8S-02", Code: codeInvalid, On: emulator.OpWrite, Source: sourceMeta, Broken: r.invalid},
	}
	if r.ruled != "" {
		all = append(all, emulator.Rule{ID: r.ruled, Code: codeInvalid, On: emulator.OpWrite, Source: r.ruledSource, Broken: func(c *emulator.Call) string {
			obj, err := r.decode(c.In)
			if err != nil {
				return err.Error()
			}
			return r.refusal(obj.GetName(), r.validate(obj))
		}})
	}
	if r.selects != nil {
		all = append(all, emulator.Rule{ID: "K8S-08", Code: codeInvalid, On: emulator.OpWrite, Source: sourceApps, Broken: r.selectsOthers})
	}
	if r.frozen != nil {
		all = append(all, emulator.Rule{ID: "K8S-09", Code: codeInvalid, On: emulator.OpUpdate, Source: sourceFrozen, Broken: r.thawed})
	}
	if r.namespaced {
		all = slices.Insert(all, 1, emulator.Rule{
			ID: "K8S-03", Code: codeNotFound, On: emulator.OpCreate,
			Source: "Kubernetes, NamespaceLifecycle admission", Broken: namespaceMissing,
		})
	}
	return all
}

// decode reads the inputs strictly into the Kubernetes type.
func (r resource) decode(in inventory.Props) (metav1.Object, error) {
	text, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	obj := r.new()
	strict, err := kjson.UnmarshalStrict(text, obj)
	if err != nil {
		return nil, err
	}
	if len(strict) > 0 {
		return nil, fmt.Errorf("strict decoding error: %w", strict[0])
	}
	return obj, nil
}

func (r resource) undecodable(c *emulator.Call) string {
	if _, err := r.decode(c.In); err != nil {
		return fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", r.kind, r.version, r.kind, err)
	}
	want := schema.GroupVersion{Group: r.group, Version: r.version}.String()
	if c.In.StrOr("apiVersion", want) != want || c.In.StrOr("kind", r.kind) != r.kind {
		return fmt.Sprintf("the object is a %s of %s, not a %s of %s", c.In.Str("kind"), c.In.Str("apiVersion"), r.kind, want)
	}
	return ""
}

func (r resource) invalid(c *emulator.Call) string {
	obj, err := r.decode(c.In)
	if err != nil {
		return err.Error()
	}
	if r.namespaced && obj.GetNamespace() == "" {
		obj.SetNamespace(metav1.NamespaceDefault)
	}
	found := apivalidation.ValidateObjectMetaAccessor(obj, r.namespaced, r.name, field.NewPath("metadata"))
	if r.validate != nil && r.ruled == "" {
		found = append(found, r.validate(obj)...)
	}
	return r.refusal(obj.GetName(), found)
}

func (r resource) selectsOthers(c *emulator.Call) string {
	obj, err := r.decode(c.In)
	if err != nil {
		return err.Error()
	}
	return r.refusal(obj.GetName(), r.selects(obj))
}

// refusal words what is invalid as the API server does, "" when nothing is.
func (r resource) refusal(name string, found field.ErrorList) string {
	if len(found) == 0 {
		return ""
	}
	return apierrors.NewInvalid(schema.GroupKind{Group: r.group, Kind: r.kind}, name, found).Error()
}

// thawed compares an update with what is stored, both with their defaults.
func (r resource) thawed(c *emulator.Call) string {
	next := *c
	next.Out = c.In.Clone()
	next.Out.Set("metadata.uid", c.Old.Str("metadata.uid"))
	if r.fill != nil {
		r.fill(&next)
	}
	before, err := r.decode(c.Old)
	if err != nil {
		return err.Error()
	}
	after, err := r.decode(next.Out)
	if err != nil {
		return err.Error()
	}
	return r.refusal(after.GetName(), r.frozen(before, after))
}

// idOf is the id that the provider gives: NAMESPACE/NAME, or NAME.
func idOf(c *emulator.Call) string {
	name := c.In.Str("metadata.name")
	if resourceOf(c.Kind.Type).namespaced {
		return namespaceOf(c.In) + "/" + name
	}
	return name
}

func namespaceOf(in inventory.Props) string {
	return in.StrOr("metadata.namespace", metav1.NamespaceDefault)
}

// fillIn sets what the API server adds to every object, then what it adds to
// this kind.
func (r resource) fillIn(c *emulator.Call) error {
	c.Out.Default("apiVersion", schema.GroupVersion{Group: r.group, Version: r.version}.String())
	c.Out.Default("kind", r.kind)
	if r.namespaced {
		c.Out.Default("metadata.namespace", metav1.NamespaceDefault)
	}
	c.Out.Set("metadata.uid", c.UUID())
	c.Out.Set("metadata.creationTimestamp", epoch)
	c.Out.Set("metadata.resourceVersion", nextVersion(c))
	if c.Out.Has("spec") && r.kind != "Namespace" && r.kind != "Service" {
		c.Out.Set("metadata.generation", generation(c))
	}
	if r.fill != nil {
		r.fill(c)
	}
	return nil
}

// epoch is when everything was made: outputs do not depend on the clock.
const epoch = "2026-01-01T00:00:00Z"

// nextVersion counts the writes of an object.
func nextVersion(c *emulator.Call) string {
	var n int
	if _, err := fmt.Sscan(c.Old.Str("metadata.resourceVersion"), &n); err != nil {
		n = 0
	}
	return fmt.Sprint(n + 1)
}

// generation counts the changes of the spec.
func generation(c *emulator.Call) int {
	n := c.Old.Int("metadata.generation")
	if n == 0 || c.Changed("spec") {
		n++
	}
	return n
}

// skipsAwait reports whether the provider is told not to wait for the object.
func skipsAwait(c *emulator.Call) bool {
	return strings.EqualFold(c.In.Str(`metadata.annotations["pulumi.com/skipAwait"]`), "true")
}
