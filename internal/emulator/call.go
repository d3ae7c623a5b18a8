package emulator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"burrow/internal/inventory"
)

// A Call is one operation on one object, as kinds and rules see it.
type Call struct {
	// Tx is the world as it is within the operation's transaction. It is
	// read-only in OpCheck, OpRead and invokes.
	Tx   *Tx
	Op   Op
	Kind *Kind
	URN  string
	Type string // the token as sent, API version included
	Name string // logical name, the last part of the URN
	ID   string // empty before a create

	// In are the inputs after Check; Old and OldIn the state and inputs before
	// an update or delete. Secrets are plain here, unknowns are Unknown{}.
	// An invoke's arguments are In.
	In, OldIn, Old inventory.Props
	// Out is the state under construction (Fill, Made, Refresh).
	Out inventory.Props
	// Hidden is what the cloud keeps and never returns. Kinds may write to it.
	Hidden inventory.Props

	// Provider is the configuration of the provider instance in use: region,
	// allowedAccountIds, subscriptionId, …
	Provider inventory.Props

	// generation of the object at hand, see Object.Generation.
	generation uint64
	// object is the stored object in updates, deletes and reads.
	object *inventory.Object
}

// Region of the provider instance, for example eu-west-2.
func (c *Call) Region() string { return c.Provider.Str("region") }

// Account that the provider instance works in.
func (c *Call) Account() Account { return c.Tx.Account() }

// Hex returns n hexadecimal digits that are the same for the same seed, URN and
// generation: a replacement gets others.
func (c *Call) Hex(n int) string { return c.HexOf("", n) }

// HexOf is Hex for a second and third id of the same object: each label gives
// other digits.
func (c *Call) HexOf(label string, n int) string {
	who := c.URN
	if who == "" {
		who = c.Type + "::" + c.Name
	}
	return hexOf(n, c.Account().Seed, who, fmt.Sprint(c.generation), label)
}

// UUID returns a version 4 UUID, deterministic as Hex is.
func (c *Call) UUID() string { return c.UUIDOf("") }

// UUIDOf is UUID for a second and third one of the same object.
func (c *Call) UUIDOf(label string) string {
	h := c.HexOf("uuid:"+label, 32)
	variant := "89ab"[strings.IndexByte("0123456789abcdef", h[16])%4]
	return fmt.Sprintf("%s-%s-4%s-%c%s-%s", h[:8], h[8:12], h[13:16], variant, h[17:20], h[20:32])
}

// Fault is a refusal with a code of the cloud's own. Rules need not call it:
// theirs is made of Rule.Code and the message of Broken.
func (c *Call) Fault(code, format string, args ...any) *Fault {
	return &Fault{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Changed reports whether an update changes the input at the path.
func (c *Call) Changed(path string) bool {
	before, _ := c.OldIn.Get(path)
	after, _ := c.In.Get(path)
	return !equal(before, after)
}

// hexOf hashes the parts to n hexadecimal digits.
func hexOf(n int, parts ...string) string {
	var digits strings.Builder
	for block := 0; digits.Len() < n; block++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "%q %d", parts, block))
		digits.WriteString(hex.EncodeToString(sum[:]))
	}
	return digits.String()[:n]
}

// logicalName is the last part of a URN.
func logicalName(urn string) string {
	if i := strings.LastIndex(urn, "::"); i >= 0 {
		return urn[i+2:]
	}
	return urn
}
