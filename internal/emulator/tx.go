package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	bolt "go.etcd.io/bbolt"

	"burrow/internal/inventory"
)

// A Tx is the world within one transaction. Types are canonical tokens.
//
// A Tx of a provider instance sees its own region and what is global; see
// Everywhere and Within. Objects are shared within the transaction: change one and Put it.
// Mistakes of writing are kept and fail the transaction at its end.
type Tx struct {
	inventory.View
	*txState
}

// txState is what every view of one transaction shares.
type txState struct {
	bolt     *bolt.Tx
	clouds   *registry
	account  Account
	loaded   map[string][]*inventory.Object // by type, in order of creation
	written  []string                       // types
	cached   *objectCache
	readOnly bool
	errs     []error
}

var (
	objectsBucket     = []byte("objects")     // type → id and region → Object
	generationsBucket = []byte("generations") // URN → number of objects it has had
	busyBucket        = []byte("busy")        // busy key → hold
	metaBucket        = []byte("meta")        // account
)

// Account that the transaction works in.
func (tx *Tx) Account() Account { return tx.account }

// Everywhere is the same transaction without the limit to one region.
func (tx *Tx) Everywhere() *Tx { return tx.Within("") }

// Within is the same transaction, seen from a region; "" is the whole world.
func (tx *Tx) Within(region string) *Tx { return &Tx{tx.View.Within(region), tx.txState} }

// Put stores an object, new or changed. A new one (Serial 0) gets its serial,
// its cloud from its type, and the transaction's region unless its kind is global.
func (tx *Tx) Put(o *inventory.Object) {
	if o.Serial == 0 {
		tx.adopt(o)
	}
	tx.written = append(tx.written, o.Type)
	data, err := json.Marshal(o)
	if err != nil {
		tx.fail(err, "store %s %s", o.Type, o.ID)
		return
	}
	b, err := tx.bolt.Bucket(objectsBucket).CreateBucketIfNotExists([]byte(o.Type))
	if err == nil {
		err = b.Put(objectKey(o), data)
	}
	tx.fail(err, "store %s %s", o.Type, o.ID)
}

func (tx *Tx) adopt(o *inventory.Object) {
	if k := tx.clouds.kind(o.Type); o.Region == "" && (k == nil || !k.Global) {
		o.Region = tx.Region
	}
	if slices.ContainsFunc(tx.Objects(o.Type), o.Collides) {
		tx.fail(errors.New("the id is taken"), "store %s %s", o.Type, o.ID)
	}
	serial, err := tx.bolt.Bucket(objectsBucket).NextSequence()
	tx.fail(err, "number %s %s", o.Type, o.ID)
	o.Serial = serial
	if o.Cloud == "" {
		o.Cloud, _, _ = strings.Cut(o.Type, ":")
	}
	tx.loaded[o.Type] = append(tx.Objects(o.Type), o)
}

// Remove takes an object away.
func (tx *Tx) Remove(o *inventory.Object) {
	tx.written = append(tx.written, o.Type)
	tx.loaded[o.Type] = slices.DeleteFunc(tx.Objects(o.Type), func(p *inventory.Object) bool { return p == o })
	if b := tx.bolt.Bucket(objectsBucket).Bucket([]byte(o.Type)); b != nil {
		tx.fail(b.Delete(objectKey(o)), "remove %s %s", o.Type, o.ID)
	}
}

// fail keeps a mistake for the end of the transaction.
func (tx *txState) fail(err error, attempt string, args ...any) {
	if err != nil {
		tx.errs = append(tx.errs, fmt.Errorf("%s: %w", fmt.Sprintf(attempt, args...), err))
	}
}

func objectKey(o *inventory.Object) []byte {
	return []byte(inventory.NormalID(o.ID) + "\x00" + o.Region)
}

// Types are those that have ever had an object, sorted.
func (tx *txState) Types() []string {
	var names []string
	err := tx.bolt.Bucket(objectsBucket).ForEachBucket(func(k []byte) error {
		names = append(names, string(k))
		return nil
	})
	tx.fail(err, "list types")
	return names
}

// Objects has the objects of a type, the same ones throughout a transaction. Those
// of a transaction that reads are shared with others, and nobody's to change.
func (tx *txState) Objects(typ string) []*inventory.Object {
	if all, ok := tx.loaded[typ]; ok {
		return all
	}
	all, ok := tx.cached.get(typ)
	if !ok {
		var err error
		if all, err = tx.read(typ); err == nil {
			tx.cached.put(typ, all)
		}
		tx.fail(err, "read %s", typ)
	}
	if !tx.readOnly {
		all = copies(all)
	}
	tx.loaded[typ] = all
	return all
}

// settleCache makes the cache forget what the transaction wrote. After a failed
// one it forgets all that it has seen: nothing of what it did is in the file.
func (tx *txState) settleCache(failed bool) {
	switch {
	case failed && !tx.readOnly:
		tx.cached.forget()
	case len(tx.written) > 0:
		tx.cached.forget(tx.written...)
	}
}

// read reads the objects of a type from the file.
func (tx *txState) read(typ string) (all []*inventory.Object, err error) {
	if b := tx.bolt.Bucket(objectsBucket).Bucket([]byte(typ)); b != nil {
		err = b.ForEach(func(_, data []byte) error {
			o := &inventory.Object{}
			all = append(all, o)
			if err := json.Unmarshal(data, o); err != nil {
				return fmt.Errorf("%w: %w", ErrDamaged, err)
			}
			return nil
		})
	}
	slices.SortFunc(all, func(a, b *inventory.Object) int { return int(a.Serial) - int(b.Serial) })
	return all, err
}

// nextGeneration counts a new object of the URN.
func (tx *txState) nextGeneration(urn string) uint64 {
	b := tx.bolt.Bucket(generationsBucket)
	var n uint64
	if data := b.Get([]byte(urn)); data != nil {
		tx.fail(json.Unmarshal(data, &n), "read the generation of %s", urn)
	}
	n++
	tx.fail(b.Put([]byte(urn), fmt.Append(nil, n)), "count %s", urn)
	return n
}

// A Reference is an object that refers to another one, and how.
type Reference struct {
	From *inventory.Object
	Ref  Ref
	Path string // where in From
}

// ReferencesTo finds what refers to the object, by the Refs of every kind of
// every registered cloud, in all regions. An object's references to itself are
// left out.
func (tx *Tx) ReferencesTo(target *inventory.Object) []Reference {
	var found []Reference
	for _, r := range tx.clouds.referrersTo(target.Type) {
		for _, from := range tx.Everywhere().All(r.kind.Type) {
			if from == target || !sameHome(from, target) {
				continue
			}
			from.In.Each(r.ref.Path, func(path string, v any) {
				if s, ok := v.(string); ok && s != "" && inventory.SameID(s, target.Value(r.ref.by())) {
					found = append(found, Reference{From: from, Ref: r.ref, Path: path})
				}
			})
		}
	}
	return found
}

// sameHome keeps equal names in two regions apart.
func sameHome(a, b *inventory.Object) bool {
	return a.Region == "" || b.Region == "" || a.Region == b.Region
}

// removeHosted takes away what lived on a deleted object.
func (tx *Tx) removeHosted(deleted *inventory.Object) {
	for _, cloud := range tx.clouds.all() {
		if cloud.HostedOn == nil {
			continue
		}
		home := cloud.HostedOn(deleted)
		for _, o := range tx.Everywhere().All() {
			if home != "" && o.Cloud == cloud.Name && o.Region == home {
				tx.Remove(o)
			}
		}
	}
}
