package emulator

import (
	"fmt"

	"google.golang.org/protobuf/types/known/structpb"

	"burrow/internal/inventory"
)

// What stands for an unknown value on the wire, by the type that it will have.
// Source: pulumi sdk/go/common/resource/plugin/rpc.go.
const (
	unknownString  = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
	unknownBool    = "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7"
	unknownNumber  = "3eeb2bf0-c639-47a8-9e75-3b44932eb421"
	unknownArray   = "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2"
	unknownAsset   = "030794c1-ac77-496b-92df-f27374a8bd58"
	unknownArchive = "e48ece36-62e2-4504-bad9-02848725956a"
	unknownObject  = "dd056dcd-154b-4c76-9bd3-c8f88648b5ff"
)

// How a secret is wrapped on the wire. Source: pulumi sdk/go/common/resource/sig.
const (
	sigKey    = "4dabf18193072939515e22adb298388d"
	sigSecret = "1b47061264138c4ac30d75fd1eb44270"
	sigOutput = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
)

// decode opens secrets and drops nulls.
func decode(s *structpb.Struct) inventory.Props {
	p := inventory.Props{}
	for k, v := range s.GetFields() {
		if d := decodeValue(v); d != nil {
			p[k] = d
		}
	}
	return p
}

func decodeValue(v *structpb.Value) any {
	switch v := v.GetKind().(type) {
	case *structpb.Value_BoolValue:
		return v.BoolValue
	case *structpb.Value_NumberValue:
		return v.NumberValue
	case *structpb.Value_StringValue:
		return decodeString(v.StringValue)
	case *structpb.Value_ListValue:
		list := make([]any, len(v.ListValue.GetValues()))
		for i, e := range v.ListValue.GetValues() {
			list[i] = decodeValue(e)
		}
		return list
	case *structpb.Value_StructValue:
		return decodeObject(v.StructValue)
	}
	return nil
}

func decodeString(s string) any {
	switch s {
	case unknownString, unknownBool, unknownNumber, unknownArray, unknownAsset, unknownArchive, unknownObject:
		return inventory.Unknown{}
	}
	return s
}

// decodeObject opens a wrapped value, or decodes a plain object.
func decodeObject(s *structpb.Struct) any {
	switch s.GetFields()[sigKey].GetStringValue() {
	case sigSecret:
		return decodeValue(s.GetFields()["value"])
	case sigOutput:
		if v, known := s.GetFields()["value"]; known {
			return decodeValue(v)
		}
		return inventory.Unknown{}
	}
	return map[string]any(decode(s))
}

// encode wraps the named properties as secrets.
func encode(p inventory.Props, secrets []string) (*structpb.Struct, error) {
	s := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for k, v := range p {
		e, err := encodeValue(v)
		if err != nil {
			return nil, fmt.Errorf("encode property %s: %w", k, err)
		}
		s.Fields[k] = e
	}
	for _, k := range secrets {
		if v, ok := s.Fields[k]; ok {
			s.Fields[k] = secret(v)
		}
	}
	return s, nil
}

func secret(v *structpb.Value) *structpb.Value {
	return structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
		sigKey: structpb.NewStringValue(sigSecret), "value": v,
	}})
}

func encodeValue(v any) (*structpb.Value, error) {
	switch v := v.(type) {
	case inventory.Unknown:
		return structpb.NewStringValue(unknownString), nil
	case inventory.Props:
		return encodeValue(map[string]any(v))
	case map[string]any:
		s, err := encode(v, nil)
		return structpb.NewStructValue(s), err
	case []any:
		list := &structpb.ListValue{Values: make([]*structpb.Value, len(v))}
		for i, e := range v {
			var err error
			if list.Values[i], err = encodeValue(e); err != nil {
				return nil, err
			}
		}
		return structpb.NewListValue(list), nil
	}
	return structpb.NewValue(v)
}
