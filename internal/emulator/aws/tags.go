package aws

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"burrow/internal/emulator"
)

// tagging is how one service refuses tags (TAG-01).
type tagging struct {
	tooMany, invalid string
	// charset says that the service takes letters, digits, space and _ . : / = + - @
	// only; EC2 takes anything.
	charset bool
	source  string
}

var (
	ec2Tags   = tagging{"TagLimitExceeded", "InvalidParameterValue", false, moto("ec2/exceptions.py")}
	iamTags   = tagging{"InvalidInput", "InvalidInput", true, model("iam")}
	elbTags   = tagging{"TooManyTags", "ValidationError", true, model("elasticloadbalancingv2")}
	eksTags   = tagging{"BadRequestException", "BadRequestException", true, model("eks")}
	kmsTags   = tagging{"TagException", "TagException", true, model("kms")}
	plainTags = tagging{"TooManyTagsException", "InvalidParameterException", true, model("logs")}
	dnsTags   = tagging{"InvalidInput", "InvalidInput", true, model("route53")}
)

const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

var tagCharset = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// tagged adds to a kind what every taggable thing has: the rules of tags, and
// tagsAll, the provider's default tags under its own.
func tagged(t tagging, k *emulator.Kind) *emulator.Kind {
	k.Rules = append(k.Rules,
		refuse("TAG-01", t.tooMany, emulator.OpWrite, t.source, tooManyTags),
		refuse("TAG-01", t.invalid, emulator.OpWrite, t.source, t.badTag),
	)
	fill := k.Fill
	k.Fill = func(c *emulator.Call) error {
		c.Out.Set("tagsAll", tagsAll(c))
		if fill == nil {
			return nil
		}
		return fill(c)
	}
	return k
}

func tagsAll(c *emulator.Call) map[string]any {
	tags := map[string]any{}
	maps.Copy(tags, c.Provider.Map("defaultTags.tags"))
	maps.Copy(tags, c.In.Map("tags"))
	return tags
}

func tooManyTags(c *emulator.Call) string {
	if n := len(tagsAll(c)); n > maxTags {
		return fmt.Sprintf("The maximum number of Tags for a resource has been reached: %d of %d.", n, maxTags)
	}
	return ""
}

func (t tagging) badTag(c *emulator.Call) string {
	tags := tagsAll(c)
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		value, _ := tags[key].(string)
		if broken := t.broken(key, value); broken != "" {
			return broken
		}
	}
	return ""
}

func (t tagging) broken(key, value string) string {
	switch {
	case key == "" || len([]rune(key)) > maxTagKey:
		return fmt.Sprintf("Tag key %q must be 1 to %d characters long.", key, maxTagKey)
	case len([]rune(value)) > maxTagValue:
		return fmt.Sprintf("The value of tag %q exceeds the maximum length of %d characters.", key, maxTagValue)
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		return fmt.Sprintf("Tag keys starting with 'aws:' are reserved for internal use: %s", key)
	case t.charset && !tagCharset.MatchString(key):
		return fmt.Sprintf("Tag key %q does not match [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+", key)
	case t.charset && !tagCharset.MatchString(value):
		return fmt.Sprintf("The value of tag %q does not match [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", key)
	}
	return ""
}
