package aws

import (
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"time"

	"burrow/internal/emulator"
)

// opaque makes ids such as vpc-0a1b2c3d4e5f67890: 17 digits, a zero first.
func opaque(prefix string) func(*emulator.Call) (string, error) {
	return func(c *emulator.Call) (string, error) { return opaqueOf(c, prefix, ""), nil }
}

// opaqueOf is the id of something that AWS makes beside the object of the call.
func opaqueOf(c *emulator.Call, prefix, label string) string {
	return prefix + "-0" + c.HexOf(label, 16)
}

// resolverID makes ids such as rslvr-in-1a2b3c4d5e6f78901.
func resolverID(prefix string) func(*emulator.Call) (string, error) {
	return func(c *emulator.Call) (string, error) { return prefix + "-" + c.Hex(17), nil }
}

// property makes the id of things that are known by a property of theirs.
func property(path string) func(*emulator.Call) (string, error) {
	return func(c *emulator.Call) (string, error) {
		id := c.In.Str(path)
		if id == "" {
			return "", c.Fault("ValidationError", "%s must be set", path)
		}
		return id, nil
	}
}

// joined makes ids out of several properties.
func joined(separator string, paths ...string) func(*emulator.Call) (string, error) {
	return func(c *emulator.Call) (string, error) {
		parts := make([]string, len(paths))
		for i, path := range paths {
			parts[i] = c.In.Str(path)
		}
		return strings.Join(parts, separator), nil
	}
}

// stamped makes ids that Terraform invents: a prefix and 26 digits.
func stamped(path string) func(*emulator.Call) (string, error) {
	return func(c *emulator.Call) (string, error) {
		return c.In.Str(path) + "-" + decimals(c.HexOf("stamp", 40), 26), nil
	}
}

// hashCode is Terraform's hash of a text, as it stands in some of its ids.
func hashCode(text string) uint32 { return crc32.ChecksumIEEE([]byte(text)) }

// regional is the ARN of something that lives in a region.
func regional(c *emulator.Call, service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, c.Region(), c.Account().AWSAccount, resource)
}

// global is the ARN of something that belongs to the account alone.
func global(c *emulator.Call, service, resource string) string {
	return fmt.Sprintf("arn:aws:%s::%s:%s", service, c.Account().AWSAccount, resource)
}

// afterSlash is the last part of an ARN.
func afterSlash(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// letters turns hexadecimal digits into n characters of the alphabet.
func letters(hex, alphabet string, n int) string {
	sum := sha256.Sum256([]byte(hex))
	var b strings.Builder
	for i := range n {
		b.WriteByte(alphabet[int(sum[i%len(sum)]+byte(i/len(sum))*7)%len(alphabet)])
	}
	return b.String()
}

const (
	upperAlphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	base32Alphabet    = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	keyAlphabet       = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"
)

func decimals(hex string, n int) string { return letters(hex, "0123456789", n) }

// epoch is when an emulated world begins; nothing in it reads a clock.
var epoch = time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC)

// moment is when the cloud did something for the object: it differs between
// objects and stays the same for one.
func moment(c *emulator.Call, label string) string {
	seconds, err := strconv.ParseUint(c.HexOf("moment:"+label, 4), 16, 32)
	if err != nil {
		seconds = 0
	}
	return epoch.Add(time.Duration(seconds) * time.Second).Format(time.RFC3339)
}
