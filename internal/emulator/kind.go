package emulator

import (
	"slices"
	"time"

	"burrow/internal/emulator/schema"
	"burrow/internal/inventory"
	"burrow/internal/rules"
)

// A Kind is one type of thing that an emulated cloud knows: how its id looks,
// what it refers to, what makes it unique, what forces its replacement, which
// rules its cloud enforces and what the cloud fills in by itself. Property
// names, nesting, required fields, enums and secrets are not here: they come
// from the generated schema of the provider's own SDK.
type Kind struct {
	// Type is the canonical token: the Pulumi token without an API version, for
	// example azure-native:containerservice:ManagedCluster for every version of
	// the containerservice module.
	Type string

	// Words name the operations on it in errors; required where the cloud is Worded.
	Words Words

	// Global says that ids are valid in every region of the account (IAM, Route 53).
	Global bool

	// AutoName, when set, fills a missing name the way the real provider does:
	// logical name plus random hex, at Check.
	AutoName *AutoName

	// NewID makes the id of a new object: ARN, ARM id, or an opaque id such as
	// vpc-0a1b…; deterministic for the world's seed (see Call.Hex).
	NewID func(*Call) (string, error)

	Refs    []Ref
	Unique  []Unique
	Replace []Replace
	Rules   []Rule

	// Fill sets the outputs that the cloud computes (Call.Out, which starts as a
	// copy of the inputs) after a create or an update. It sees the world with
	// the object's references resolved, and never an unknown.
	Fill func(*Call) error

	// Made runs after a create, in the same transaction: what the cloud makes by
	// itself beside the object (EKS's own security group, Azure's network watcher).
	Made func(*Call) error

	// Settled runs after each create and update, once the object is stored, in the
	// same transaction and before the rules marked Late: what controllers then do.
	// It may change the stored object at hand; Call.Out and Call.Hidden follow it.
	Settled func(*Call) error

	// Gone runs after a delete, in the same transaction, and takes away what the
	// cloud takes away with the object.
	Gone func(*Call) error

	// Refresh changes Call.Out to what a GET returns now, which may be more than
	// the last write returned (AVG-35).
	Refresh func(*Call) error

	// Existing, when set, may return an object that a create shares instead of
	// making another one (AWV-03: a customer gateway with the same address and
	// ASN). The object stays as it is.
	Existing func(*Call) *inventory.Object

	// Failed, when set, changes Call.Out after a Late rule was broken: the state
	// that the cloud shows for an object that it accepted and could not finish.
	Failed func(*Call, *Fault)

	// Vanishes says that what fails late is gone at once: the cloud takes away what it
	// accepted, and the next refresh does not find it.
	Vanishes bool

	// DeleteFirst says that the provider deletes the old object before it makes
	// the replacement, whatever Style.DeleteFirst says.
	DeleteFirst bool

	// Latency is how long a write takes in emulated time; 0 means Options.Latency.
	Latency time.Duration

	// Busy names the thing that takes only one write at a time while this object
	// is written (PRV-03: the VNet of a subnet), or "" for none. A second write
	// meanwhile is refused with BusyCode.
	Busy     func(in inventory.Props) string
	BusyCode string
	// BusyObject says that the object itself takes one update or delete at a time
	// (AWV-28); a second one meanwhile is refused with BusyCode.
	BusyObject bool
	// BusyRule is the rule of Busy and BusyObject, BusySource where its truth is from.
	BusyRule   rules.ID
	BusySource string

	// WriteOnly are input paths that a GET never returns (a connection's
	// sharedKey). The cloud's own copy is Object.Hidden; the provider still
	// keeps what it sent in its outputs.
	WriteOnly []string

	// Sticky are input paths whose change the cloud accepts and ignores on an
	// existing object (AVC-12). The first value stays in Object.Hidden.
	Sticky []string
}

// Words are how a provider, and the SDK below it, name the operations on a kind.
type Words struct {
	Noun    string // in the provider's words: EC2 VPC
	Service string // in the SDK's: EC2
	// Operations of the service's API: CreateVpc.
	Create, Update, Delete, Read string
	// Named says that the provider prints the name of what it could not create.
	Named bool
}

// missing are the words that were left out.
func (w Words) missing() []string {
	var missing []string
	for _, word := range []struct{ what, word string }{
		{"noun", w.Noun}, {"service", w.Service}, {"create", w.Create}, {"update", w.Update}, {"delete", w.Delete}, {"read", w.Read},
	} {
		if word.word == "" {
			missing = append(missing, word.what)
		}
	}
	return missing
}

// AutoName is the rule by which a provider names what was given no name.
type AutoName struct {
	Property string // usually "name"
	Max      int    // longest name the cloud takes
}

// A Ref is a property that holds the id (or another identifying output) of
// another object.
type Ref struct {
	// Path of the property; [*] stands for every element of a list:
	// "ipConfigurations[*].subnet.id".
	Path string
	// To are the canonical types that it may refer to.
	To []string
	// By is the output of the target that the value equals: "id" unless set,
	// else for example "arn" or "name".
	By string
	// Missing is the cloud's error code when there is no such object.
	Missing string
	// InUse is the cloud's error code when the target is deleted while this
	// object refers to it; "" when the cloud lets the target go.
	InUse string
	// Foreign says that a value is outside what the world holds and is taken as
	// it stands (AWS's own managed policies).
	Foreign func(value string) bool
	Rule    rules.ID // where the catalogue has one
	Source  string
}

func (r Ref) by() string {
	if r.By == "" {
		return "id"
	}
	return r.By
}

// Unique says that no two objects of the kind may agree on all of these
// properties. Fields with the prefix "@" are not properties but the scope:
// "@account", "@region", "@group" (resource group), "@global".
type Unique struct {
	Fields []string
	// Fold compares without regard to case, as ARM compares names.
	Fold   bool
	Code   string   // the cloud's error code for the second one
	Rule   rules.ID // where the catalogue has one
	Source string
}

// Replace says that a change of the property makes the provider replace the
// resource, and who says so.
type Replace struct {
	Path   string // as in Ref; covers everything below it
	Source string
	// When, if set, decides by the values in In and OldIn whether a change of the
	// property replaces; it may find unknowns in In.
	When func(*Call) bool
}

// Op is what is being done.
type Op uint8

const (
	OpCheck Op = 1 << iota
	OpCreate
	OpUpdate
	OpDelete
	OpRead

	OpWrite = OpCreate | OpUpdate
)

// A Rule is one thing that a cloud, or the provider in front of it, enforces:
// id, error code, source and test in one place.
type Rule struct {
	ID rules.ID
	// Code is the cloud's own error code.
	Code string
	// Source is where the truth is from: page, issue, API model.
	Source string
	// On says when it is enforced: OpCheck for what the provider refuses before
	// the cloud sees it (also in a preview), OpCreate and OpUpdate for what the
	// cloud refuses, OpDelete.
	On Op
	// Broken returns the cloud's message, or "" when the rule is kept. Values
	// that are unknown (in OpCheck only) keep every rule.
	Broken func(*Call) string
	// Path is the property to blame in an OpCheck failure, or "".
	Path string
	// Late marks moment L: the cloud accepts the write and fails afterwards. The
	// object stays, Kind.Failed shows its state, and the write ends in an error
	// that leaves the resource in the stack's state, to be updated by the next run.
	// Each further line of its message is a reason of its own.
	Late bool
	// Held marks what the provider waits for, in a delete or after a write: others'
	// writes may end it, and for as long as such are at work it is asked again.
	Held bool
}

// A Quota is how many of a type the emulated account may hold.
type Quota struct {
	Name  string // how it is raised: burrow local --quota NAME=N
	Type  string
	Scope []string // as in Unique: "@region", "@account", or a property path such as vpcId
	Limit int
	// Amount is how much of the limit an object takes, by its properties; nil means one.
	Amount func(inventory.Props) float64
	Code   string
	Rule   rules.ID // where the catalogue has one
	// Source of the default limit.
	Source string
}

// A Function answers an invoke.
type Function struct {
	Token string
	Call  func(*Call) (inventory.Props, error)
}

// A Cloud is everything that one emulated provider knows.
type Cloud struct {
	Name      string // the provider's package: aws, azure-native, …
	Kinds     []*Kind
	Functions []Function
	Quotas    []Quota
	// Worded says that Wrap prints the Words of the kind, which every kind then has.
	Worded bool
	// Wrap formats a fault the way the real provider prints it.
	Wrap func(c *Call, f *Fault) string

	// Style is how the provider in front of the cloud behaves; the zero value is
	// Bridged.
	Style *Style
	// Schema is what the provider knows of types and properties; nil means the
	// generated one of the same name.
	Schema *schema.Package

	// Home is where a provider instance with this configuration works: the value
	// of Object.Region. Nil means the configured region.
	Home func(provider inventory.Props) string
	// Configure refuses a provider configuration that satisfies the schema, the
	// way the real provider refuses it when it is configured. Call.In is the
	// configuration.
	Configure func(*Call) *Fault
	// ConfigReplaces names the configuration properties whose change makes the
	// provider a different one, so that all of its resources are replaced.
	ConfigReplaces func(old, new inventory.Props) []string
	// Defaults changes the inputs at Check as the provider does by itself, for
	// example a location from its configuration.
	Defaults func(*Call)
	// Ready refuses every create, read, update and delete of an instance that
	// cannot reach its cloud (PRV-22).
	Ready func(*Call) *Fault
	// Taken is the fault of a create whose id exists; nil means a plain one. When
	// it returns no fault, the create changes the existing object (Kubernetes'
	// server-side apply); its inputs are OldIn then, and Taken may add them to In.
	Taken func(*Call) *Fault
	// HostedOn names the home (see Home) that goes away together with a deleted
	// object of any cloud, or "": what a Kubernetes cluster holds goes with it.
	HostedOn func(deleted *inventory.Object) string
}

func (k *Kind) isSticky(path string) bool    { return slices.Contains(k.Sticky, path) }
func (k *Kind) isWriteOnly(path string) bool { return slices.Contains(k.WriteOnly, path) }
