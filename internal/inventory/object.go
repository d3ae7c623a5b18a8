package inventory

import "strings"

// An Object is one thing that exists in an emulated cloud.
type Object struct {
	Cloud string `json:"cloud"` // provider package
	Type  string `json:"type"`  // canonical token
	ID    string `json:"id"`
	URN   string `json:"urn,omitempty"` // empty for what a cloud made by itself
	// MadeBy is the id of the object whose creation made this one.
	MadeBy string `json:"madeBy,omitempty"`
	// Region is where the id is valid: the AWS region, or the endpoint of the
	// Kubernetes cluster. Empty for what is global, and for all of Azure.
	Region string `json:"region,omitempty"`
	// Serial is the order of creation; Tx.Put gives it.
	Serial uint64 `json:"serial"`
	// Generation counts the objects that one URN has had; a replacement gets the
	// next one and, with it, other ids.
	Generation uint64 `json:"generation,omitempty"`
	In         Props  `json:"in"`
	Out        Props  `json:"out"`
	// Hidden is what the cloud keeps and never returns. The first value of every
	// Sticky path and the last of every other WriteOnly path stand here under
	// their own path.
	Hidden Props `json:"hidden,omitempty"`
}

// Value is the string at a path of the outputs, else of the inputs; "id" is the
// object's id unless there is an output of that name.
func (o *Object) Value(path string) string {
	if s := o.Out.Str(path); s != "" {
		return s
	}
	if path == "id" {
		return o.ID
	}
	return o.In.Str(path)
}

// Effective is the value that the cloud works with: what it keeps hidden, else
// the output, else the input.
func (o *Object) Effective(path string) (any, bool) {
	for _, p := range []Props{o.Hidden, o.Out, o.In} {
		if v, ok := p.Get(path); ok {
			return v, true
		}
	}
	return nil, false
}

// Props are all outputs, and the inputs that have no output of the same name.
func (o *Object) Props() Props {
	p := Props{}
	for _, from := range []Props{o.In, o.Out} {
		for k, v := range from {
			if v != nil {
				p[k] = v
			}
		}
	}
	return p
}

// Collides reports whether two objects of a type have one id in one place.
func (o *Object) Collides(p *Object) bool { return SameID(o.ID, p.ID) && o.Region == p.Region }

// SameID compares identifiers: ARM ids without regard to case, others exactly.
func SameID(a, b string) bool {
	if a == b || !strings.HasPrefix(a, "/") {
		return a == b
	}
	return NormalID(a) == NormalID(b)
}

// NormalID is the form under which an id is stored and compared.
func NormalID(id string) string {
	if lower := strings.ToLower(id); strings.HasPrefix(lower, "/subscriptions/") {
		return strings.TrimSuffix(lower, "/")
	}
	return id
}
