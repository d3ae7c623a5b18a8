package aws

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"burrow/internal/ebs"
	"burrow/internal/emulator"
	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

const (
	sourceVolume    = "ec2/ebs_volume.go"
	createVolume    = "docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html"
	modifyVolume    = "docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVolume.html"
	ec2Errors       = "docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"
	gp3             = "gp3"
	defaultVolume   = "gp2"
	baselineIOPS    = 3000 // of gp3, at any size
	gp3Throughput   = 125  // MiB/s
	throughputRatio = 0.25 // MiB/s for each IOPS
	// A volume takes so many modifications in so much time.
	modifications      = 4
	modificationWindow = 24 * time.Hour
)

// A volumeType is what EC2 sells by one name. Sizes are in GiB. Source: createVolume.
type volumeType struct {
	least, most         int
	leastIOPS, mostIOPS int // 0 where nobody chooses them
	ratio               int // IOPS for each GiB
}

var volumeTypes = map[string]volumeType{
	gp3:           {1, 65536, baselineIOPS, 80000, 500},
	defaultVolume: {least: 1, most: 16384},
	"io1":         {4, 16384, 100, 64000, 50},
	"io2":         {4, 65536, 100, 256000, 1000},
	"st1":         {least: 125, most: 16384},
	"sc1":         {least: 125, most: 16384},
	"standard":    {least: 1, most: 1024},
}

func volumeKinds() []*emulator.Kind { return []*emulator.Kind{volume(), snapshot()} }

// volume: a change in place is one modification, which is complete at once. Who has a
// volume attached is worked out from the workloads of the clusters.
func volume() *emulator.Kind {
	return tagged(ec2Tags, &emulator.Kind{
		Type:     awstype.Volume,
		Words:    words("EC2", "EBS Volume", "CreateVolume", "ModifyVolume", "DeleteVolume", "DescribeVolumes"),
		NewID:    opaque("vol"),
		Refs:     []emulator.Ref{refersTo("snapshotId", "InvalidSnapshot.NotFound", "", ec2Errors, awstype.Snapshot)},
		Replace:  append(forceNew(sourceVolume, "availabilityZone", "multiAttachEnabled", "outpostArn"), whereGiven(sourceVolume, "encrypted", "kmsKeyId", "snapshotId")...),
		Rules:    all(volumeChecks(), volumeRefusals()),
		Fill:     fillVolume,
		Gone:     goneVolume,
		Vanishes: true,
	})
}

// whereGiven are ForceNew properties that the provider computes where they are not given:
// taking one away changes nothing.
func whereGiven(file string, paths ...string) []emulator.Replace {
	list := forceNew(file, paths...)
	for i := range list {
		path := list[i].Path
		list[i].When = func(c *emulator.Call) bool { return c.In.Has(path) }
	}
	return list
}

func volumeChecks() []emulator.Rule {
	source := terraform(sourceVolume)
	return []emulator.Rule{
		provider("EBS-02", "", source, unfitting),
		provider("EBS-03", "", source, func(c *emulator.Call) string {
			if c.In.Has("size") || c.In.Has("snapshotId") {
				return ""
			}
			return "one of `size,snapshot_id` must be specified"
		}),
		within("EBS-04", "throughput", source, gp3Throughput, 1000),
		provider("EBS-05", "kmsKeyId", source, func(c *emulator.Call) string {
			if arn := c.In.Str("kmsKeyId"); arn != "" && (!strings.HasPrefix(arn, "arn:") || len(strings.SplitN(arn, ":", 6)) != 6) {
				return fmt.Sprintf("%q (%s) is an invalid ARN: arn: invalid prefix", "kms_key_id", arn)
			}
			return ""
		}),
	}
}

func volumeRefusals() []emulator.Rule {
	const create, update, write = emulator.OpCreate, emulator.OpUpdate, emulator.OpWrite
	invalid := "InvalidParameterValue"
	return []emulator.Rule{
		refuse("EBS-01", "InvalidZone.NotFound", create, ec2Errors, func(c *emulator.Call) string {
			if zone := c.In.Str("availabilityZone"); !slices.Contains(zonesOf(c.Region()), zone) {
				return fmt.Sprintf("The zone '%s' does not exist.", zone)
			}
			return ""
		}),
		refuse("EBS-02", "UnknownVolumeType", write, ec2Errors, func(c *emulator.Call) string {
			if typ := shapeOf(c).typ; volumeTypes[typ].most == 0 {
				return fmt.Sprintf("Unsupported volume type '%s' for volume creation.", typ)
			}
			return ""
		}),
		refuse("EBS-02", "InvalidParameterCombination", write, "aws/aws-parallelcluster#3951; "+modifyVolume, badCombination),
		refuse("EBS-03", invalid, write, createVolume, badSize),
		refuse("EBS-04", invalid, write, createVolume, badPerformance),
		refuse("EBS-05", "InvalidParameterDependency", create, "keithvassallomt/parsec-aws-automation#12", func(c *emulator.Call) string {
			if c.In.Has("kmsKeyId") && !c.In.Bool("encrypted") {
				return "The parameter KmsKeyId requires the parameter Encrypted to be set."
			}
			return ""
		}),
		fails("EBS-06", "InvalidVolume.NotFound", create, "kubernetes/kubernetes#62171; hashicorp/terraform#23651", keyless),
		refuse("EBS-07", invalid, update, modifyVolume+" (words as printed in public reports)", func(c *emulator.Call) string {
			if shapeOf(c).size < c.Old.Int("size") {
				return "New size cannot be smaller than existing size"
			}
			return ""
		}),
		refuse("EBS-08", "VolumeModificationRateExceeded", update, modifyVolume, tooSoon),
		refuse("EBS-09", "VolumeInUse", emulator.OpDelete, ec2Errors, func(c *emulator.Call) string {
			o := c.Tx.Get(awstype.Volume, c.ID)
			if o == nil {
				return ""
			}
			if who := ebs.InUse(c.Tx.Everywhere().View, o); who != "" {
				return fmt.Sprintf("Volume %s is currently attached to an instance (of %s)", c.ID, who)
			}
			return ""
		}),
	}
}

// unfitting is what the provider refuses of a new volume: settings that its type has not, or
// lacks. Of one that was there before it says nothing.
func unfitting(c *emulator.Call) string {
	if len(c.OldIn) > 0 || !c.In.Known("type") {
		return ""
	}
	typ := c.In.Str("type")
	provisioned := typ == "io1" || typ == "io2"
	switch {
	case provisioned && !c.In.Has("iops"):
		return fmt.Sprintf("'iops' must be set when 'type' is '%s'", typ)
	case !provisioned && typ != gp3 && c.In.Num("iops") > 0:
		return fmt.Sprintf("'iops' must not be set when 'type' is '%s'", typ)
	case !provisioned && c.In.Bool("multiAttachEnabled"):
		return fmt.Sprintf("'multi_attach_enabled' must not be set when 'type' is '%s'", typ)
	case typ != gp3 && c.In.Num("throughput") > 0:
		return fmt.Sprintf("'throughput' must not be set when 'type' is '%s'", typ)
	}
	return ""
}

// badCombination is the same as EC2 sees it, which the provider does not check where it
// replaces a volume. In an update the provider sends IOPS that change, and throughput only
// to gp3.
func badCombination(c *emulator.Call) string {
	typ, creates := shapeOf(c).typ, c.Op == emulator.OpCreate
	provisioned := typ == "io1" || typ == "io2"
	switch given := c.In.Num("iops") > 0; {
	case creates && provisioned && !given:
		return fmt.Sprintf("The parameter iops must be specified for %s volumes.", typ)
	case given && volumeTypes[typ].mostIOPS == 0 && (creates || c.Changed("iops")):
		return fmt.Sprintf("The parameter iops is not supported for %s volumes.", typ)
	case creates && typ != gp3 && c.In.Num("throughput") > 0:
		return fmt.Sprintf("The throughput parameter is not supported for %s volumes.", typ)
	case creates && !provisioned && c.In.Bool("multiAttachEnabled"):
		return fmt.Sprintf("The parameter multi-attach-enabled is not supported for %s volumes.", typ)
	}
	return ""
}

// A shape is what a volume has after a write: what is not given stays, or follows from the
// type.
type shape struct {
	typ                    string
	size, iops, throughput int
}

// shapeOf: the provider sends the old IOPS with a new type where none are given; what EC2
// does with too few is not known, so that they are the type's own.
func shapeOf(c *emulator.Call) shape {
	s := shape{typ: c.In.StrOr("type", c.Old.StrOr("type", defaultVolume)), size: gibOf(c)}
	kept := s.typ == c.Old.Str("type")
	switch s.typ {
	case gp3, "io1", "io2":
		s.iops = baselineIOPS
	case defaultVolume:
		s.iops = min(max(3*s.size, 100), 16000)
	}
	if volumeTypes[s.typ].mostIOPS > 0 && kept {
		s.iops = c.Old.Int("iops")
	}
	if c.In.Num("iops") > 0 {
		s.iops = c.In.Int("iops")
	}
	if s.typ == gp3 {
		if s.throughput = gp3Throughput; kept {
			s.throughput = c.Old.Int("throughput")
		}
		if c.In.Num("throughput") > 0 {
			s.throughput = c.In.Int("throughput")
		}
	}
	return s
}

func gibOf(c *emulator.Call) int {
	switch old := c.Old.Int("size"); {
	case c.In.Has("size"):
		return c.In.Int("size")
	case old > 0:
		return old
	}
	if o := snapshotOf(c); o != nil {
		return o.Out.Int("volumeSize")
	}
	return 0
}

func snapshotOf(c *emulator.Call) *inventory.Object {
	return c.Tx.Get(awstype.Snapshot, c.In.Str("snapshotId"))
}

func badSize(c *emulator.Call) string {
	s, from := shapeOf(c), snapshotOf(c)
	limits := volumeTypes[s.typ]
	switch {
	case s.size < limits.least:
		return fmt.Sprintf("The volume size is invalid for %s volumes: %d GiB. %s volumes must be at least %d GiB in size. "+
			"Please specify a volume size above the minimum limit.", s.typ, s.size, s.typ, limits.least)
	case s.size > limits.most:
		return fmt.Sprintf("Volume of %dGiB is too large for volume type %s; maximum is %dGiB", s.size, s.typ, limits.most)
	case c.Op == emulator.OpCreate && from != nil && s.size < from.Out.Int("volumeSize"):
		return fmt.Sprintf("Volume of %dGiB is smaller than snapshot '%s', expect size >= %dGiB", s.size, from.ID, from.Out.Int("volumeSize"))
	}
	return ""
}

// badPerformance: gp3 has its baseline at any size.
func badPerformance(c *emulator.Call) string {
	s := shapeOf(c)
	limits := volumeTypes[s.typ]
	switch ratio := float64(s.iops) / float64(max(s.size, 1)); {
	case limits.mostIOPS == 0:
		return ""
	case s.iops < limits.leastIOPS:
		return fmt.Sprintf("Volume iops of %d is too low; minimum is %d.", s.iops, limits.leastIOPS)
	case s.iops > limits.mostIOPS:
		return fmt.Sprintf("Volume iops of %d is too high; maximum is %d.", s.iops, limits.mostIOPS)
	case ratio > float64(limits.ratio) && (s.typ != gp3 || s.iops > baselineIOPS):
		return fmt.Sprintf("Iops to volume size ratio of %f is too high; maximum is %d", ratio, limits.ratio)
	}
	if ratio := float64(s.throughput) / float64(s.iops); ratio > throughputRatio {
		return fmt.Sprintf("Throughput (MiBps) to iops ratio of %f is too high; maximum is %f MiBps per iops", ratio, throughputRatio)
	}
	return ""
}

// keyless: EC2 answers before it has asked KMS, and takes a volume away that it cannot
// encrypt. Decrypt and GenerateDataKeyWithoutPlaintext are what it takes to make one.
func keyless(c *emulator.Call) string {
	arn, caller := c.In.Str("kmsKeyId"), c.Account().CallerARN
	why := ebs.KeyTrouble(c.Tx.View, arn, c.Region())
	if why == "" {
		iamAllows := func(iam.Request) bool { return true } // what the caller may do is not modelled
		if action := ebs.KeyDenies(c.Tx.View, arn, c.Region(), caller, c.ID, iamAllows,
			"kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt"); action != "" {
			why = fmt.Sprintf("the policy of the key %s does not let %s have %s", arn, caller, action)
		}
	}
	if why == "" {
		return ""
	}
	return fmt.Sprintf("The volume '%s' does not exist. (%s)", c.ID, why)
}

// modified reports whether an update changes more than tags and what the provider keeps to
// itself.
func modified(c *emulator.Call) bool {
	s := shapeOf(c)
	return c.Op == emulator.OpUpdate && (s.typ != c.Old.Str("type") || s.size != c.Old.Int("size") ||
		s.iops != c.Old.Int("iops") || s.throughput != c.Old.Int("throughput"))
}

const modifiedAt = "modifiedAt" // among what is hidden

// recent are the modifications that still count. Those happen in the time of whoever uses the
// emulation, which no other rule looks at.
func recent(c *emulator.Call) (times []string) {
	for _, text := range c.Hidden.Strings(modifiedAt) {
		if at, err := time.Parse(time.RFC3339, text); err == nil && time.Since(at) < modificationWindow {
			times = append(times, text)
		}
	}
	return times
}

func tooSoon(c *emulator.Call) string {
	if times := recent(c); modified(c) && len(times) >= modifications {
		return fmt.Sprintf("You've reached the maximum modification rate per volume limit: %d in 24 hours, the first of them at %s.", modifications, times[0])
	}
	return ""
}

func fillVolume(c *emulator.Call) error {
	s := shapeOf(c)
	if modified(c) {
		c.Hidden.Set(modifiedAt, append(recent(c), time.Now().UTC().Format(time.RFC3339)))
	}
	key, encrypted := c.In.Str("kmsKeyId"), c.In.Bool("encrypted")
	if from := snapshotOf(c); from != nil && from.Out.Bool("encrypted") {
		encrypted = true
		if key == "" {
			key = from.Value("kmsKeyId")
		}
	}
	if encrypted && key == "" {
		key = ebs.ManagedKey(c.Region(), c.Account().AWSAccount)
	}
	for _, kept := range []string{"encrypted", "kmsKeyId", "snapshotId"} {
		if v, ok := c.Old.Get(kept); ok {
			c.Out.Set(kept, v)
		}
	}
	defaults(c, inventory.Props{
		"arn": regional(c, "ec2", "volume/"+c.ID), "encrypted": encrypted, "kmsKeyId": key, "finalSnapshot": false,
		"multiAttachEnabled": false, "outpostArn": "", "snapshotId": "",
	})
	for name, v := range map[string]any{"type": s.typ, "size": s.size, "iops": s.iops, "throughput": s.throughput} {
		c.Out.Set(name, v)
	}
	keep(c, "createTime", func() any { return moment(c, "created") })
	return nil
}

// goneVolume: the provider makes the last snapshot before it deletes the volume.
func goneVolume(c *emulator.Call) error {
	if !c.Old.Bool("finalSnapshot") {
		return nil
	}
	id := opaqueOf(c, "snap", "final")
	c.Tx.Put(&inventory.Object{Type: awstype.Snapshot, ID: id, MadeBy: c.ID, In: inventory.Props{}, Out: snapshotOut(c, id, c.ID, c.Old).With(inventory.Props{
		"volumeId": c.ID, "tags": map[string]any(c.Old.Map("tagsAll")), "tagsAll": map[string]any(c.Old.Map("tagsAll")),
	})})
	return nil
}

// snapshot is a copy that outlives its volume. Tiers change nothing here.
func snapshot() *emulator.Kind {
	const source = "ec2/ebs_snapshot.go"
	return tagged(ec2Tags, &emulator.Kind{
		Type:    awstype.Snapshot,
		Words:   words("EC2", "EBS Snapshot", "CreateSnapshot", "ModifySnapshotTier", "DeleteSnapshot", "DescribeSnapshots"),
		NewID:   opaque("snap"),
		Refs:    []emulator.Ref{refersTo("volumeId", "InvalidVolume.NotFound", "", ec2Errors, awstype.Volume)},
		Replace: forceNew(source, "description", "outpostArn", "volumeId"),
		Rules:   []emulator.Rule{oneOf("EBS-15", "storageTier", terraform(source), "archive", "standard")},
		Fill: func(c *emulator.Call) error {
			of := c.Old
			if o := c.Tx.Get(awstype.Volume, c.In.Str("volumeId")); c.Op == emulator.OpCreate && o != nil {
				of = o.Out
			}
			defaults(c, snapshotOut(c, c.ID, c.In.Str("volumeId"), of))
			return nil
		},
	})
}

// snapshotOut is what a snapshot has of its volume, or of what it was before.
func snapshotOut(c *emulator.Call, id, volume string, of inventory.Props) inventory.Props {
	size := of.Int("size")
	if of.Has("volumeSize") {
		size = of.Int("volumeSize")
	}
	return inventory.Props{
		"arn": fmt.Sprintf("arn:aws:ec2:%s::snapshot/%s", c.Region(), id), "volumeId": volume, "volumeSize": float64(size),
		"encrypted": of.Bool("encrypted"), "kmsKeyId": of.Str("kmsKeyId"), "dataEncryptionKeyId": "", "description": "",
		"outpostArn": "", "ownerAlias": "", "ownerId": c.Account().AWSAccount, "storageTier": "standard",
	}
}

var lookupVolume = lookup{awstype.Volume, "EBS Volume", map[string]func(*emulator.Call, *inventory.Object) []string{
	"volume-id": value("id"), "availability-zone": value("availabilityZone"), "volume-type": value("type"), "snapshot-id": value("snapshotId"),
	"size": func(_ *emulator.Call, o *inventory.Object) []string { return []string{fmt.Sprint(o.Out.Int("size"))} },
	"encrypted": func(_ *emulator.Call, o *inventory.Object) []string {
		return []string{fmt.Sprint(o.Out.Bool("encrypted"))}
	},
	"status": func(c *emulator.Call, o *inventory.Object) []string {
		if ebs.InUse(c.Tx.Everywhere().View, o) != "" {
			return []string{"in-use"}
		}
		return []string{"available"}
	},
}, nil}

// getVolume: the most recent one is the one that was made last.
func getVolume(c *emulator.Call) (inventory.Props, error) {
	found, err := lookupVolume.find(c, c.Tx.All(awstype.Volume))
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, invoking(c, "Your query returned no results. Please change your search criteria and try again.")
	case len(found) > 1 && !c.In.Bool("mostRecent"):
		return nil, invoking(c, "Your query returned more than one result. Please try a more specific search criteria, or set `most_recent` attribute to true.")
	}
	o := found[len(found)-1]
	out := answer(c, o, pick(o, "availabilityZone", "createTime", "encrypted", "iops", "kmsKeyId", "multiAttachEnabled", "outpostArn", "size", "snapshotId", "throughput"))
	return out.With(inventory.Props{"volumeId": o.ID, "volumeType": o.Value("type"), "mostRecent": c.In.Bool("mostRecent")}), nil
}
