package ssmtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// frame is a message of the data channel, field after field as it is on the wire. Source:
// aws/amazon-ssm-agent agent/session/contracts/agentmessage.go.
type frame struct {
	HeaderLength uint32
	Type         [32]byte
	Schema       uint32
	Created      uint64
	Sequence     int64
	Flags        uint64
	ID           [16]byte
	Digest       [32]byte
	PayloadType  uint32
	Length       uint32
}

// headerLength is that of all fields but the last.
const headerLength = 116

func newFrame(kind string, sequence int64, payloadType uint32, payload []byte) []byte {
	f := frame{HeaderLength: headerLength, Schema: 1, Created: uint64(time.Now().UnixMilli()), Sequence: sequence, Digest: sha256.Sum256(payload), PayloadType: payloadType, Length: uint32(len(payload))}
	copy(f.Type[:], kind+string(bytes.Repeat([]byte{' '}, len(f.Type)-len(kind))))
	binary.BigEndian.PutUint64(f.ID[8:], uint64(sequence)+1)
	var out bytes.Buffer
	_ = binary.Write(&out, binary.BigEndian, f) // a buffer takes everything
	out.Write(payload)
	return out.Bytes()
}

func readFrame(data []byte) (f frame, kind string, payload []byte, err error) {
	r := bytes.NewReader(data)
	if err = binary.Read(r, binary.BigEndian, &f); err != nil {
		return f, "", nil, fmt.Errorf("read a frame: %w", err)
	}
	if payload, err = io.ReadAll(r); err != nil {
		return f, "", nil, err
	}
	switch {
	case f.Created == 0 || f.ID == [16]byte{} || f.Schema != 1:
		err = fmt.Errorf("created at %d, id %x, schema %d", f.Created, f.ID, f.Schema) // both sides refuse such a message
	case f.HeaderLength != headerLength:
		err = fmt.Errorf("header length %d", f.HeaderLength)
	case int(f.Length) != len(payload):
		err = fmt.Errorf("a payload of %d bytes says %d", len(payload), f.Length)
	case f.Digest != sha256.Sum256(payload):
		err = fmt.Errorf("the digest is wrong")
	}
	return f, string(bytes.TrimRight(f.Type[:], " ")), payload, err
}
