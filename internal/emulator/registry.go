package emulator

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// A registry knows the kinds of every cloud that a world holds, so that one
// cloud's objects may be found, and kept from being deleted, by another's.
type registry struct {
	mu     sync.RWMutex
	clouds map[string]*Cloud
	kinds  map[string]*Kind
	// referrers are the references that may lead to a type.
	referrers map[string][]referrer
	quotas    map[string][]Quota // by type
}

// A referrer is a reference and the kind that has it.
type referrer struct {
	kind *Kind
	ref  Ref
}

func newRegistry() *registry {
	r := &registry{clouds: map[string]*Cloud{}}
	r.clear()
	return r
}

func (r *registry) clear() {
	r.kinds, r.referrers, r.quotas = map[string]*Kind{}, map[string][]referrer{}, map[string][]Quota{}
}

// Register makes clouds known to the world, in the place of those of the same
// name. A kind that two clouds claim, or one cloud twice, is an error.
func (w *World) Register(clouds ...*Cloud) error {
	return w.clouds.register(clouds)
}

func (r *registry) register(clouds []*Cloud) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range clouds {
		r.clouds[c.Name] = c
	}
	r.clear()
	for _, name := range slices.Sorted(maps.Keys(r.clouds)) {
		if err := r.add(r.clouds[name]); err != nil {
			return fmt.Errorf("register cloud %s: %w", name, err)
		}
	}
	return nil
}

func (r *registry) add(c *Cloud) error {
	for _, q := range c.Quotas {
		r.quotas[q.Type] = append(r.quotas[q.Type], q)
	}
	for _, k := range c.Kinds {
		if r.kinds[k.Type] != nil {
			return fmt.Errorf("kind %s is declared twice", k.Type)
		}
		r.kinds[k.Type] = k
		for _, ref := range k.Refs {
			for _, to := range ref.To {
				r.referrers[to] = append(r.referrers[to], referrer{k, ref})
			}
		}
	}
	return nil
}

func (r *registry) kind(typ string) *Kind {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.kinds[typ]
}

func (r *registry) all() []*Cloud {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Collect(maps.Values(r.clouds))
}

func (r *registry) quotasOf(typ string) []Quota {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.quotas[typ]
}

func (r *registry) referrersTo(typ string) []referrer {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.referrers[typ]
}
