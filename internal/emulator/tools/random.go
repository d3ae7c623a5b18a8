package tools

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc64"
	"math/big"
	"math/rand"
	"strconv"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
)

// randomFile names a file of the Terraform provider that pulumi-random wraps.
func randomFile(name string) string {
	return "hashicorp/terraform-provider-random v3.7.1 internal/" + name
}

// codePanic stands for inputs that the real provider crashes on.
const codePanic = "panic: runtime error"

func randomCloud() *emulator.Cloud {
	return cloud("random", []product{
		randomPassword(), randomString(), randomBytes(), randomID(), randomUUID(), randomInteger(), randomShuffle(),
	})
}

func randomBytes() product {
	source := randomFile("provider/resource_bytes.go")
	return product{
		typ: "random:index/randomBytes:RandomBytes", make: makeBytes,
		replace: replaceOn(source, "keepers", "length"),
		rules:   []emulator.Rule{atLeast("RND-06", "length", 1, source)},
	}
}

// makeBytes gives the bytes in the open as the id, as the real provider does.
// Source: pulumi/pulumi-random provider/resources.go, computeRandomBytesID.
func makeBytes(c *emulator.Call) (string, inventory.Props, error) {
	made := drawBytes(c, "length")
	text := base64.StdEncoding.EncodeToString(made)
	return distinct(c, text), inventory.Props{"base64": text, "hex": hex.EncodeToString(made)}, nil
}

// drawBytes are as many random bytes as the property says.
func drawBytes(c *emulator.Call, property string) []byte {
	drawn := make([]byte, c.In.Int(property))
	source(c).Read(drawn) // never fails
	return drawn
}

func randomID() product {
	source := randomFile("provider/resource_id.go")
	return product{
		typ: "random:index/randomId:RandomId", make: makeID,
		replace: replaceOn(source, "keepers", "byteLength", "prefix"),
		rules: []emulator.Rule{refuse("RND-07", "Create Random ID Error", source+" (minimum documented, not validated)",
			func(c *emulator.Call) string {
				if n := c.In.Int("byteLength"); n < 1 {
					return fmt.Sprintf("byte_length is %d; the minimum is 1, an id cannot be empty", n)
				}
				return ""
			})},
	}
}

func makeID(c *emulator.Call) (string, inventory.Props, error) {
	made, prefix := drawBytes(c, "byteLength"), c.In.Str("prefix")
	id := base64.RawURLEncoding.EncodeToString(made)
	return distinct(c, id), inventory.Props{
		"b64Url": prefix + id,
		"b64Std": prefix + base64.StdEncoding.EncodeToString(made),
		"hex":    prefix + hex.EncodeToString(made),
		"dec":    prefix + new(big.Int).SetBytes(made).String(),
	}, nil
}

func randomUUID() product {
	return product{
		typ: "random:index/randomUuid:RandomUuid",
		make: func(c *emulator.Call) (string, inventory.Props, error) {
			id := c.UUID()
			return id, inventory.Props{"result": id}, nil
		},
		replace: replaceOn(randomFile("provider/resource_uuid.go"), "keepers"),
	}
}

func randomInteger() product {
	source := randomFile("provider/resource_integer.go")
	return product{
		typ: "random:index/randomInteger:RandomInteger", make: makeInteger,
		replace: replaceOn(source, "keepers", "min", "max", "seed"),
		rules: []emulator.Rule{refuse("RND-08", "Create Random Integer Error", source, func(c *emulator.Call) string {
			if c.In.Int("max") < c.In.Int("min") {
				return "The minimum (minVal) value needs to be smaller than or equal to maximum (maxVal) value."
			}
			return ""
		})},
	}
}

func makeInteger(c *emulator.Call) (string, inventory.Props, error) {
	low, high := c.In.Int("min"), c.In.Int("max")
	result := low + seeded(c).Intn(high-low+1)
	return distinct(c, strconv.Itoa(result)), inventory.Props{"result": float64(result)}, nil
}

// seeded is the generator of the types that take a seed. With one, it is the
// real provider's own and gives the real results; without, the world's seed
// stands for the time of day. Source: internal/random/seed.go.
func seeded(c *emulator.Call) *rand.Rand {
	seed := int64(source(c).Uint64())
	if text := c.In.Str("seed"); text != "" {
		seed = int64(crc64.Checksum([]byte(text), crc64.MakeTable(crc64.ISO)))
	}
	return rand.New(rand.NewSource(seed))
}

func randomShuffle() product {
	source := randomFile("provider/resource_shuffle.go")
	return product{
		typ: "random:index/randomShuffle:RandomShuffle", make: makeShuffle,
		replace: replaceOn(source, "inputs", "keepers", "resultCount", "seed"),
		rules: []emulator.Rule{refuse("RND-09", codePanic, source+" (allocates the count unchecked)",
			func(c *emulator.Call) string {
				if c.In.Int("resultCount") < 0 {
					return "makeslice: cap out of range"
				}
				return ""
			})},
	}
}

// makeShuffle repeats elements only when more are wanted than there are, and
// then all of them equally often.
func makeShuffle(c *emulator.Call) (string, inventory.Props, error) {
	inputs, count := c.In.List("inputs"), len(c.In.List("inputs"))
	if c.In.Has("resultCount") && count > 0 {
		count = c.In.Int("resultCount")
	}
	results := []any{}
	for r := seeded(c); len(results) < count; {
		for _, i := range r.Perm(len(inputs)) {
			results = append(results, inputs[i])
		}
	}
	return own(c, "-"), inventory.Props{"results": results[:count]}, nil
}
