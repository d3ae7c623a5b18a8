package session

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/uuid"
)

func sample() message {
	return message{
		kind: kindInput, created: time.UnixMilli(1_790_000_000_123), sequence: 7, flags: 1,
		id: uuid.MustParse("dd01e56b-ff48-483e-a508-b5f073f31b16"), payloadType: payloadData, payload: []byte("hello"),
	}
}

func TestMessage(t *testing.T) {
	data := sample().encode()
	if got := binary.BigEndian.Uint32(data); got != 116 {
		t.Errorf("the header has %d bytes, want 116", got)
	}
	// The lower half of the id comes first.
	if id := data[64:80]; !bytes.Equal(id, []byte{0xa5, 0x08, 0xb5, 0xf0, 0x73, 0xf3, 0x1b, 0x16, 0xdd, 0x01, 0xe5, 0x6b, 0xff, 0x48, 0x48, 0x3e}) {
		t.Errorf("the id is written as %x", id)
	}
	m, err := decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if m.kind != kindInput || m.sequence != 7 || m.flags != 1 || m.id != sample().id || string(m.payload) != "hello" || !m.created.Equal(sample().created) {
		t.Errorf("read as %+v", m)
	}
}

func TestDamagedMessages(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"too short":             func(d []byte) []byte { return d[:headerSize-1] },
		"a shorter payload":     func(d []byte) []byte { return d[:len(d)-1] },
		"another payload":       func(d []byte) []byte { d[len(d)-1]++; return d },
		"a header beyond it":    func(d []byte) []byte { binary.BigEndian.PutUint32(d, 1<<31); return d },
		"a header of no length": func(d []byte) []byte { binary.BigEndian.PutUint32(d, 0); return d },
	} {
		if m, err := decode(damage(sample().encode())); err == nil {
			t.Errorf("%s: read as %+v", name, m)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(sample().encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := decode(data); err == nil && len(m.payload) > len(data) {
			t.Errorf("a payload of %d bytes out of %d", len(m.payload), len(data))
		}
	})
}

// Whether a version has streams, and keeps them alive.
func TestOrderOfVersions(t *testing.T) {
	for v, want := range map[version][2]bool{
		"2.3.722.0": {false, true}, "3.0.161.0": {false, true}, "3.0.196.0": {false, true}, "3.0.222.0": {true, true},
		"3.1.1511.0": {true, true}, "3.1.1511.1": {true, false}, "3.3.40.0": {true, false}, "": {false, true}, "4": {true, false},
	} {
		if got := [2]bool{v.hasStreams(), v.keepsAlive()}; got != want {
			t.Errorf("%s: %v, want %v", v, got, want)
		}
	}
}
