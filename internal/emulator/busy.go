package emulator

import (
	"encoding/json"
	"fmt"
	"time"
)

const (
	defaultLatency     = 5 * time.Millisecond
	defaultBusyLatency = 100 * time.Millisecond
	// busyGrace is how long a hold outlives its write's latency. It bounds how
	// long a killed process keeps a thing busy, and is ample for a transaction.
	busyGrace = 5 * time.Second
)

// A hold says that something is being written.
type hold struct {
	Token uint64    `json:"token"`
	Until time.Time `json:"until"`
}

// latencyOf is how long a write of the kind takes in emulated time.
func (w *World) latencyOf(k *Kind) time.Duration {
	switch {
	case k.Latency > 0:
		return k.Latency
	case w.options.Latency > 0:
		return w.options.Latency
	case k.Busy != nil || k.BusyObject:
		return defaultBusyLatency
	}
	return defaultLatency
}

// acquire makes what the call writes busy, or returns the cloud's refusal when
// another write holds it. The release is nil when the kind is never busy.
func (w *World) acquire(c *Call) (release func() error, err error) {
	key := c.busyKey()
	if key == "" {
		return nil, nil
	}
	mine := hold{Until: time.Now().Add(w.latencyOf(c.Kind) + busyGrace)}
	err = w.Update(func(tx *Tx) error {
		if other, held := tx.holdOn(key); held && time.Now().Before(other.Until) {
			return &Fault{
				Code: c.Kind.BusyCode, Check: "busy", Rule: c.Kind.BusyRule, Source: c.Kind.BusySource,
				Message: fmt.Sprintf("another operation on %s is in progress", key),
			}
		}
		return tx.hold(key, &mine)
	})
	return func() error { return w.release(key, mine) }, err
}

// busyKey is what the call makes busy, "" for nothing.
func (c *Call) busyKey() string {
	switch {
	case c.Kind.Busy != nil:
		return c.Kind.Busy(c.In)
	case c.Kind.BusyObject && c.ID != "":
		return c.ID
	}
	return ""
}

// release ends a hold, unless it has lapsed and somebody else holds the key.
func (w *World) release(key string, mine hold) error {
	return w.Update(func(tx *Tx) error {
		if now, held := tx.holdOn(key); held && now.Token == mine.Token {
			return tx.bolt.Bucket(busyBucket).Delete([]byte(key))
		}
		return nil
	})
}

func (tx *txState) holdOn(key string) (h hold, held bool) {
	data := tx.bolt.Bucket(busyBucket).Get([]byte(key))
	if data == nil {
		return h, false
	}
	tx.fail(json.Unmarshal(data, &h), "read what is busy with %s", key)
	return h, true
}

func (tx *txState) hold(key string, h *hold) (err error) {
	b := tx.bolt.Bucket(busyBucket)
	if h.Token, err = b.NextSequence(); err != nil {
		return fmt.Errorf("number a hold: %w", err)
	}
	data, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode a hold: %w", err)
	}
	return b.Put([]byte(key), data)
}
