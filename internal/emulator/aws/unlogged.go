package aws

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// Unlogged says of everything in the world that logs to CloudWatch why nothing
// arrives: AWS accepts each of these and stays silent. The group is gone, its key
// is gone or lets CloudWatch Logs in no more (LOG-18), no resource policy lets the
// delivery in any more (LOG-19), or a flow log's role may not write (VPC-29), which
// AWS asks only of trust. Nothing is said of what AWS's own managed policies allow
// a role: they are not known.
func Unlogged(tx *emulator.Tx) []string {
	var list []string
	add := func(who *inventory.Object, path, group string) {
		if why := closedGroup(tx, groupOf(group)); why != "" {
			list = append(list, fmt.Sprintf("%s: %s: %s", who.ID, path, why))
		}
	}
	delivered := func(who *inventory.Object, path, group string) {
		add(who, path, group)
		if iam.Service(group) == "logs" && !delivers(lookAt(tx, who), group) {
			list = append(list, fmt.Sprintf("%s: %s: no resource policy lets %s write to %s", who.ID, path, deliveryService, groupOf(group)))
		}
	}
	for _, o := range tx.All(awstype.VpnConnection) {
		for _, t := range tunnels {
			if path := t + tunnelLogs + "logGroupArn"; o.In.Bool(t + tunnelLogs + "logEnabled") {
				delivered(o, path, o.In.Str(path))
			}
		}
	}
	for _, o := range tx.All(awstype.ResolverQueryLogConfig) {
		delivered(o, "destinationArn", o.In.Str("destinationArn"))
	}
	for _, o := range tx.All(awstype.FlowLog) {
		add(o, "logDestination", o.In.Str("logDestination"))
		if why := mayNotWrite(tx, o); why != "" {
			list = append(list, fmt.Sprintf("%s: %s", o.ID, why))
		}
	}
	return list
}

// closedGroup says why a log group takes nothing.
func closedGroup(tx *emulator.Tx, arn string) string {
	if !strings.HasPrefix(arn, "arn:aws:logs:") {
		return ""
	}
	group := tx.Find(awstype.LogGroup, "arn", arn)
	if group == nil {
		return "there is no log group " + arn
	}
	name := group.In.Str("kmsKeyId")
	if key := tx.Find(awstype.Key, "arn", name); name == "" || key != nil && logsMayUse(key, arn) {
		return ""
	}
	return fmt.Sprintf("the log group %s is encrypted with %s, which does not let CloudWatch Logs in", arn, name)
}

// mayNotWrite says what a flow log's role lacks. A role with policies of AWS's own
// is given the benefit of the doubt.
func mayNotWrite(tx *emulator.Tx, log *inventory.Object) string {
	role := tx.Find(awstype.Role, "arn", log.In.Str("iamRoleArn"))
	group := groupOf(log.In.Str("logDestination"))
	if !strings.HasPrefix(group, "arn:aws:logs:") || role != nil && slices.ContainsFunc(iam.AttachedPolicies(tx.View, role.ID), isManagedByAWS) {
		return ""
	}
	if role == nil {
		return "its role does not exist"
	}
	for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
		if !iam.RoleMay(tx.View, role.ID, action, group+":log-stream:eni") {
			return fmt.Sprintf("its role %s may not do %s in %s", role.ID, action, group)
		}
	}
	return ""
}

// lookAt is a look at the world from where an object is.
func lookAt(tx *emulator.Tx, o *inventory.Object) *emulator.Call {
	return &emulator.Call{
		Tx: tx.Within(o.Region), Op: emulator.OpRead, Kind: &emulator.Kind{Type: o.Type}, ID: o.ID,
		Provider: inventory.Props{"region": o.Region},
	}
}
