package session

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Kinds of messages. Source: aws/session-manager-plugin src/message/clientmessage.go.
const (
	kindInput       = "input_stream_data"  // to the agent
	kindOutput      = "output_stream_data" // from it
	kindAcknowledge = "acknowledge"
	kindClosed      = "channel_closed"
	kindPause       = "pause_publication"
	kindStart       = "start_publication"
)

// Types of payloads. Source: the same.
const (
	payloadData              = 1
	payloadHandshakeRequest  = 5
	payloadHandshakeResponse = 6
	payloadHandshakeComplete = 7
	payloadEncryption        = 8
	payloadFlag              = 10
)

// flagTerminate asks the agent to end the session; flagPortError says that it cannot
// connect to the port.
const (
	flagTerminate = 2
	flagPortError = 3
)

// A message is what both sides send. Numbers are big-endian; the header ends with the
// length of the payload, which it does not count as its own.
type message struct {
	kind        string
	created     time.Time
	sequence    int64
	flags       uint64
	id          uuid.UUID
	payloadType uint32
	payload     []byte
}

const (
	kindAt      = 4
	kindSize    = 32
	schemaAt    = kindAt + kindSize
	createdAt   = schemaAt + 4
	sequenceAt  = createdAt + 8
	flagsAt     = sequenceAt + 8
	idAt        = flagsAt + 8
	digestAt    = idAt + 16
	typeAt      = digestAt + sha256.Size
	lengthAt    = typeAt + 4
	headerSize  = lengthAt + 4
	schemaValue = 1
)

// encode writes a message.
func (m message) encode() []byte {
	data := make([]byte, headerSize, headerSize+len(m.payload))
	binary.BigEndian.PutUint32(data, lengthAt)
	copy(data[kindAt:schemaAt], bytes.Repeat([]byte{' '}, kindSize))
	copy(data[kindAt:schemaAt], m.kind)
	binary.BigEndian.PutUint32(data[schemaAt:], schemaValue)
	binary.BigEndian.PutUint64(data[createdAt:], uint64(m.created.UnixMilli()))
	binary.BigEndian.PutUint64(data[sequenceAt:], uint64(m.sequence))
	binary.BigEndian.PutUint64(data[flagsAt:], m.flags)
	copy(data[idAt:], m.id[8:]) // the lower half comes first
	copy(data[idAt+8:], m.id[:8])
	digest := sha256.Sum256(m.payload)
	copy(data[digestAt:], digest[:])
	binary.BigEndian.PutUint32(data[typeAt:], m.payloadType)
	binary.BigEndian.PutUint32(data[lengthAt:], uint32(len(m.payload)))
	return append(data, m.payload...)
}

// decode reads a message. Whatever the data, it does not panic.
func decode(data []byte) (m message, err error) {
	if len(data) < headerSize {
		return m, fmt.Errorf("a message of %d bytes is shorter than its header", len(data))
	}
	// A longer header than is known is skipped, as the plugin does.
	header := uint64(binary.BigEndian.Uint32(data)) + 4
	if header < headerSize || header > uint64(len(data)) {
		return m, fmt.Errorf("a message of %d bytes cannot have a header of %d", len(data), header)
	}
	m.kind = string(bytes.Trim(data[kindAt:schemaAt], " \x00"))
	m.created = time.UnixMilli(int64(binary.BigEndian.Uint64(data[createdAt:])))
	m.sequence = int64(binary.BigEndian.Uint64(data[sequenceAt:]))
	m.flags = binary.BigEndian.Uint64(data[flagsAt:])
	copy(m.id[8:], data[idAt:idAt+8])
	copy(m.id[:8], data[idAt+8:idAt+16])
	m.payloadType = binary.BigEndian.Uint32(data[typeAt:])
	m.payload = data[header:]
	if length := binary.BigEndian.Uint32(data[lengthAt:]); m.kind != kindPause && m.kind != kindStart && uint64(length) != uint64(len(m.payload)) {
		return m, fmt.Errorf("a message has a payload of %d bytes and says %d", len(m.payload), length)
	}
	if digest := sha256.Sum256(m.payload); len(m.payload) > 0 && !bytes.Equal(digest[:], data[digestAt:typeAt]) {
		return m, errors.New("the digest of a message is not that of its payload")
	}
	return m, nil
}
