package aws

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"burrow/internal/emulator"
	"burrow/internal/inventory/awstype"
)

const (
	flowGroup = "arn:aws:logs:eu-west-2:123456789012:log-group:/burrow/flow"
	mayHear   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"SNS:Publish","Resource":"*","Principal":{"Service":"cloudwatch.amazonaws.com"},
		"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"},"ArnLike":{"aws:SourceArn":"arn:aws:cloudwatch:eu-west-2:123456789012:alarm:*"}}}]}`
	board = `{"widgets":[
		{"type":"metric","x":0,"y":0,"width":12,"height":6,"properties":{"region":"eu-west-2","stat":"Minimum","period":60,"metrics":[
			["AWS/VPN","TunnelState","VpnId","vpn-1",{"period":300}],["...","vpn-2"],[{"expression":"SUM(METRICS())"}]]}},
		{"type":"metric","properties":{"annotations":{"alarms":["arn:aws:cloudwatch:eu-west-2:123456789012:alarm:tunnel"]}}},
		{"type":"text","properties":{"markdown":"# Tunnels"}},
		{"type":"log","properties":{"region":"eu-west-2","query":"SOURCE 'a' | fields @message"}},
		{"type":"alarm","properties":{"alarms":["arn:aws:cloudwatch:eu-west-2:123456789012:alarm:tunnel"]}}]}`
)

// watchSteps watch the estate.
func watchSteps() []step {
	return []step{
		{"vended", awstype.LogGroup, props{"name": "/aws/vendedlogs/vpn"}},
		{"loggedVPN", awstype.VpnConnection, props{"customerGatewayId": "=cgw0", "vpnGatewayId": "=vgw2", "type": "ipsec.1",
			"tunnel1LogOptions": props{"cloudwatchLogOptions": props{"logEnabled": true, "logGroupArn": "=vended.arn", "logOutputFormat": "text"}},
			"tunnel2LogOptions": props{"cloudwatchLogOptions": props{"logEnabled": true, "logGroupArn": "=logs.arn"}}}},
		{"tgwFlow", awstype.FlowLog, props{"transitGatewayId": "=tgw", "logDestination": "=logs.arn", "iamRoleArn": "=flowRole.arn", "maxAggregationInterval": 60}},
		{"tgwInFlow", awstype.FlowLog, props{"transitGatewayAttachmentId": "=tgwIn", "logDestination": flowGroup + ":*", "iamRoleArn": "=flowRole.arn", "maxAggregationInterval": 60}},
		{"topicPolicy", awstype.TopicPolicy, props{"arn": "=topic", "policy": mayHear}},
		{"mail", awstype.TopicSubscription, props{"topic": "=topic", "protocol": "email", "endpoint": "ops@example.com"}},
		{"queue", awstype.TopicSubscription, props{"topic": "=topic", "protocol": "sqs", "endpoint": "arn:aws:sqs:eu-west-2:123456789012:alarms", "filterPolicy": `{"a":["b"]}`}},
		{"fifo", awstype.Topic, props{"name": "ordered.fifo", "fifoTopic": true, "contentBasedDeduplication": true, "kmsMasterKeyId": "alias/aws/sns"}},
		{"expression", awstype.MetricAlarm, props{"name": "both", "comparisonOperator": "LessThanThreshold", "evaluationPeriods": 3, "datapointsToAlarm": 2, "threshold": 1,
			"metricQueries": []any{props{"id": "e", "expression": "m1+m2", "returnData": true}, props{"id": "m1", "metric": props{"namespace": "AWS/VPN", "metricName": "TunnelState", "period": 60, "stat": "Minimum"}}}}},
		{"worse", awstype.CompositeAlarm, props{"alarmName": "worse", "alarmRule": `ALARM("tunnel") AND NOT (OK(both) OR FALSE)`, "alarmActions": []any{"=topic"}, "tags": tags("worse")}},
		{"worst", awstype.CompositeAlarm, props{"alarmName": "worst", "alarmRule": "ALARM(worse)"}},
		{"board", awstype.Dashboard, props{"dashboardName": "burrow", "dashboardBody": board}},
	}
}

func watchRefusals() []refusal {
	const alarmError, snsError = "ValidationError", "InvalidParameter"
	list := []refusal{
		{"slow transit log", "tgwFlow", onCreate, "VPC-28", "InvalidParameter", props{"maxAggregationInterval": nil}},
		{"no such attachment", "tgwInFlow", onCreate, "VPC-28", "InvalidTransitGatewayAttachmentID.NotFound", props{"transitGatewayAttachmentId": "tgw-attach-0f"}},
		{"same transit log of another traffic", "tgwFlow", onCreate, "VPC-30", "FlowLogAlreadyExists", props{"trafficType": "ALL"}},
		{"flow log to no group", "tgwInFlow", onCreate, "VPC-29", "LogDestinationNotFoundException", props{"logDestination": flowGroup + "ery:*"}},

		{"alarm name", "alarm", onCheck, "LOG-15", "", props{"name": strings.Repeat("n", 256)}},
		{"alarm description", "alarm", onCheck, "LOG-15", "", props{"alarmDescription": strings.Repeat("d", 1025)}},
		{"unit", "alarm", onCheck, "LOG-15", "", props{"unit": "Tunnels"}},
		{"no periods", "alarm", onCheck, "LOG-15", "", props{"evaluationPeriods": 0}},
		{"no datapoints", "alarm", onCheck, "LOG-15", "", props{"datapointsToAlarm": 0}},
		{"extended statistic", "alarm", onCheck, "LOG-15", "", props{"statistic": nil, "extendedStatistic": "p101"}},
		{"two thresholds", "alarm", onCheck, "LOG-15", "", props{"thresholdMetricId": "m"}},
		{"two statistics", "alarm", onCheck, "LOG-15", "", props{"extendedStatistic": "p99"}},
		{"no statistic", "alarm", onCheck, "LOG-15", "", props{"statistic": nil}},
		{"expression and metric", "expression", onCheck, "LOG-15", "", props{"metricQueries[1].expression": "m1"}},
		{"alarm action", "alarm", onCheck, "LOG-15", "", props{"alarmActions": []any{"topic"}}},
		{"OK action", "alarm", onCheck, "LOG-15", "", props{"okActions": []any{"arn:aws:sns"}}},
		{"data action", "alarm", onCheck, "LOG-15", "", props{"insufficientDataActions": []any{"arn::sns:a:b:c"}}},
		{"six OK actions", "alarm", onCheck, "LOG-15", "", props{"okActions": manyTopics(6)}},
		{"six data actions", "alarm", onCheck, "LOG-15", "", props{"insufficientDataActions": manyTopics(6)}},
		{"six actions", "alarm", onCreate, "LOG-15", alarmError, props{"alarmActions": manyTopics(6)}},
		{"action elsewhere", "alarm", onCreate, "LOG-15", alarmError, props{"alarmActions": []any{"arn:aws:sns:us-west-2:123456789012:a"}}},
		{"action in China", "alarm", onCreate, "LOG-15", alarmError, props{"okActions": []any{"arn:aws-cn:sns:eu-west-2:123456789012:a"}}},
		{"action of a bucket", "alarm", onUpdate, "LOG-15", alarmError, props{"alarmActions": []any{"arn:aws:s3:eu-west-2:123456789012:a"}}},
		{"EC2 action", "alarm", onUpdate, "LOG-15", alarmError, props{"alarmActions": []any{"arn:aws:automate:eu-west-2:ec2:explode:"}}},
		{"dimension", "alarm", onUpdate, "LOG-15", alarmError, props{"dimensions": props{"VpnId": ""}}},
		{"no metric", "alarm", onUpdate, "LOG-15", alarmError, props{"metricName": nil}},
		{"no namespace", "alarm", onUpdate, "LOG-15", alarmError, props{"namespace": nil}},
		{"no period", "alarm", onUpdate, "LOG-15", alarmError, props{"period": nil}},
		{"no threshold", "alarm", onUpdate, "LOG-15", alarmError, props{"threshold": nil}},
		{"three of two", "alarm", onUpdate, "LOG-15", alarmError, props{"datapointsToAlarm": 3}},
		{"more than a day", "alarm", onUpdate, "LOG-15", alarmError, props{"evaluationPeriods": 1441}},
		{"more than a week", "alarm", onUpdate, "LOG-15", alarmError, props{"evaluationPeriods": 169, "period": 3600}},
		{"alarm of a composite", "alarm", onDelete, "LOG-15", alarmError, nil},
		{"composite of a composite", "worse", onDelete, "LOG-15", alarmError, nil},
		{"composite name", "worse", onCheck, "LOG-15", "", props{"alarmName": strings.Repeat("n", 256)}},
		{"empty rule", "worse", onCheck, "LOG-15", "", props{"alarmRule": ""}},
		{"composite action", "worse", onCheck, "LOG-15", "", props{"alarmActions": []any{"topic"}}},
		{"composite OK action", "worse", onCheck, "LOG-15", "", props{"okActions": []any{"topic"}}},
		{"composite data action", "worse", onCheck, "LOG-15", "", props{"insufficientDataActions": []any{"topic"}}},
		{"six composite OK actions", "worse", onCheck, "LOG-15", "", props{"okActions": manyTopics(6)}},
		{"six composite data actions", "worse", onCheck, "LOG-15", "", props{"insufficientDataActions": manyTopics(6)}},
		{"six composite actions", "worse", onUpdate, "LOG-15", alarmError, props{"alarmActions": manyTopics(6)}},
		{"composite action elsewhere", "worse", onUpdate, "LOG-15", alarmError, props{"alarmActions": []any{"arn:aws:sns:us-west-2:123456789012:a"}}},
		{"composite that scales", "worse", onUpdate, "LOG-15", alarmError, props{"okActions": []any{"arn:aws:autoscaling:eu-west-2:123456789012:scalingPolicy:a"}}},
		{"rule grammar", "worse", onUpdate, "LOG-15", alarmError, props{"alarmRule": "ALARM(tunnel) XOR OK(both)"}},
		{"rule of no alarm", "worse", onUpdate, "LOG-15", alarmError, props{"alarmRule": "ALARM(tunnels)"}},

		{"locked out by a second factor", "key", onUpdate, "PRO-14", "MalformedPolicyDocumentException", props{"policy": strings.Replace(keyPolicy,
			`"Principal":{"AWS"`, `"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}},"Principal":{"AWS"`, 1)}},

		{"dashboard name", "board", onCheck, "PRO-14", "", props{"dashboardName": "a b"}},
		{"dashboard JSON", "board", onCheck, "PRO-14", "", props{"dashboardBody": "{"}},
		{"dashboard body", "board", onUpdate, "PRO-14", "InvalidParameterInput", props{"dashboardBody": `{"widgets":[{"type":"graph"}]}`}},

		{"FIFO name", "fifo", onCheck, "PRO-12", "", props{"name": "ordered"}},
		{"FIFO alone", "topic", onCheck, "PRO-12", "", props{"contentBasedDeduplication": true}},
		{"FIFO scope", "topic", onCheck, "PRO-12", "", props{"fifoThroughputScope": "Topic"}},
		{"FIFO archive", "topic", onCheck, "PRO-12", "", props{"archivePolicy": "{}"}},
		{"signature", "topic", onCheck, "PRO-12", "", props{"signatureVersion": 3}},
		{"tracing", "topic", onCheck, "PRO-12", "", props{"tracingConfig": "On"}},
		{"delivery JSON", "topic", onCheck, "PRO-12", "", props{"deliveryPolicy": "{"}},
		{"topic of other tags", "topic", onCreate, "PRO-14", snsError, props{"name": "burrow-alarms", "tags": tags("others")}},
		{"topic policy of another service", "topic", onUpdate, "IAM-03", snsError, props{"policy": strings.Replace(mayHear, "SNS:Publish", "sqs:SendMessage", 1)}},
		{"topic policy of another action", "topicPolicy", onUpdate, "IAM-03", snsError, props{"policy": strings.Replace(mayHear, "SNS:Publish", "sns:CreateTopic", 1)}},
		{"topic policy grammar", "topicPolicy", onUpdate, "IAM-03", snsError, props{"policy": mayWrite}},
		{"topic policy JSON", "topicPolicy", onCheck, "IAM-03", "", props{"policy": "{"}},
		{"protocol", "mail", onCheck, "PRO-12", "", props{"protocol": "fax"}},
		{"filter scope", "mail", onCheck, "PRO-12", "", props{"filterPolicyScope": "Body"}},
		{"filter JSON", "queue", onCheck, "PRO-12", "", props{"filterPolicy": "a"}},
		{"no mail address", "mail", onCreate, "PRO-14", snsError, props{"endpoint": "ops"}},
		{"no https", "mail", onCreate, "PRO-14", snsError, props{"protocol": "https", "endpoint": "http://example.com"}},
		{"no phone", "mail", onCreate, "PRO-14", snsError, props{"protocol": "sms", "endpoint": "ops"}},
		{"no queue", "queue", onCreate, "PRO-14", snsError, props{"endpoint": "https://sqs.eu-west-2.amazonaws.com/1/a"}},
		{"firehose without a role", "queue", onCreate, "PRO-14", snsError, props{"protocol": "firehose", "endpoint": "arn:aws:firehose:eu-west-2:123456789012:deliverystream/a"}},
		{"mail of a FIFO topic", "mail", onCreate, "PRO-14", snsError, props{"topic": "=fifo"}},
		{"FIFO queue of a topic", "queue", onCreate, "PRO-14", snsError, props{"endpoint": "arn:aws:sqs:eu-west-2:123456789012:alarms.fifo"}},

		{"eleven addresses", "inbound", onCheck, "R53-09", "", props{"ipAddresses": manySubnets(11)}},
		{"seven addresses", "inbound", onUpdate, "R53-09", "LimitExceededException", props{"ipAddresses": manySubnets(7)}},
		{"five other addresses", "inbound", onUpdate, "R53-09", "LimitExceededException", props{"ipAddresses": func() []any {
			others := manySubnets(5)
			for i := range others {
				others[i] = props{"subnetId": "=private1", "ip": fmt.Sprintf("10.0.1.%d", 30+i)}
			}
			return others
		}()}},
		{"query log to nowhere", "queryLog", onCheck, "PRO-14", "", props{"destinationArn": "logs"}},
		{"query log to a topic", "queryLog", onCreate, "PRO-14", "InvalidParameterException", props{"destinationArn": "=topic"}},
		{"query log to no group", "queryLog", onCreate, "PRO-14", "ResourceNotFoundException", props{"destinationArn": flowGroup + "ery:*"}},
		{"query log with an association", "queryLog", onDelete, "in use", "InvalidRequestException", nil},
	}
	for _, t := range tunnels {
		logged := func(in props) props { return props{t + "LogOptions": props{"cloudwatchLogOptions": in}} }
		list = append(list,
			refusal{t + " ARN", "vpn0", onCheck, "AWV-29", "", logged(props{"logGroupArn": "/burrow/flow"})},
			refusal{t + " without ARN", "vpn0", onUpdate, "AWV-29", "MissingParameter", logged(props{"logEnabled": true})},
			refusal{t + " with streams", "vpn0", onUpdate, "AWV-29", "InvalidParameterValue", logged(props{"logEnabled": true, "logGroupArn": flowGroup + ":*"})},
			refusal{t + " without group", "vpn0", onUpdate, "AWV-29", "InvalidParameterValue", logged(props{"logEnabled": true, "logGroupArn": flowGroup + "ery"})},
			refusal{t + " of another region", "vpn0", onUpdate, "AWV-29", "InvalidParameterValue", logged(props{"logEnabled": true, "logGroupArn": strings.Replace(flowGroup, "eu-west-2", "eu-west-1", 1)})},
			refusal{t + " to a bucket", "vpn0", onUpdate, "AWV-29", "InvalidParameterValue", logged(props{"logEnabled": true, "logGroupArn": "arn:aws:s3:::logs"})},
		)
	}
	return list
}

func manyTopics(n int) []any {
	return many(n, func(i int) any { return fmt.Sprintf("arn:aws:sns:eu-west-2:123456789012:topic-%d", i) })
}

func manySubnets(n int) []any {
	return many(n, func(int) any { return props{"subnetId": "=private1"} })
}

// change updates a thing of the estate.
func (e *estate) change(name string, set props) (props, error) {
	e.t.Helper()
	s := e.made[name]
	in := s.in.Clone()
	for path, v := range set {
		in.Set(path, e.resolved(props{"": v}.Clone()[""]))
	}
	out, err := e.update(s.typ, s.name, s.id, s.in, in)
	if err == nil {
		e.made[name] = thing{s.step, s.id, in, out}
	}
	return out, err
}

func (e *estate) remove(name string) {
	e.t.Helper()
	s := e.made[name]
	if err := e.delete(s.typ, s.name, s.id); err != nil {
		e.t.Fatalf("delete %s: %v", name, err)
	}
}

// deliveries are the groups in the policy that AWS writes by itself.
func (e *estate) deliveries() []string {
	e.t.Helper()
	for _, o := range e.objects(awstype.LogResourcePolicy) {
		if o.ID == deliveryPolicy {
			return deliveryResources(o)
		}
	}
	return nil
}

var tunnelParts = []string{"vpc", "vgw", "vgwIn", "cgw0", "vpn0", "key", "logs"}

// AWV-29, AWV-28: new log options modify the tunnel in place; AWS lets the
// delivery in by itself, once for each group, and never takes that back.
func TestTunnelLogs(t *testing.T) {
	e := part(t, append(tunnelParts, "flowRole")...)
	before := e.made["vpn0"].out
	if len(e.deliveries()) > 0 {
		t.Fatal("a policy without logs")
	}
	e.make(step{"bare", awstype.LogGroup, props{"name": "/burrow/bare"}})
	out, err := e.change("vpn0", props{
		"tunnel1" + tunnelLogs + "logEnabled": true, "tunnel1" + tunnelLogs + "logGroupArn": "=logs.arn",
		"tunnel2" + tunnelLogs + "logEnabled": true, "tunnel2" + tunnelLogs + "logGroupArn": "=logs.arn",
	})
	if err != nil {
		t.Fatal(err)
	}
	if out.Str("tunnel1Address") != before.Str("tunnel1Address") || out.Str("tunnel1"+tunnelLogs+"logOutputFormat") != "json" {
		t.Errorf("after the change: %v", out)
	}
	if got := e.deliveries(); !slices.Equal(got, []string{flowGroup + ":log-stream:*"}) {
		t.Errorf("the policy lets in %v", got)
	}
	if _, err := e.change("vpn0", props{"tunnel2" + tunnelLogs + "logGroupArn": "=bare.arn"}); err != nil {
		t.Fatal(err)
	}
	s := e.made["vpn0"]
	if in, _ := e.read(s.typ, s.name, s.id, s.in, s.out); fmt.Sprint(in) != fmt.Sprint(s.in) {
		t.Errorf("a refresh finds %v", in)
	}
	// The group goes, the logs stop silently, and other changes are still accepted;
	// switching them off and on again is not.
	e.remove("bare")
	if _, err := e.change("vpn0", props{"tunnel1PresharedKey": "another_key.1"}); err != nil {
		t.Error(err)
	}
	if _, err := e.change("vpn0", props{"tunnel2" + tunnelLogs + "logEnabled": false}); err != nil {
		t.Error(err)
	}
	_, err = e.change("vpn0", props{"tunnel2" + tunnelLogs + "logEnabled": true})
	refused(t, err, "InvalidParameterValue", "AWV-29")
	if n := len(e.objects(awstype.LogGroup)); n != 1 {
		t.Errorf("%d log groups, want the deleted one to stay away", n)
	}
	e.remove("vpn0")
	if got := e.deliveries(); len(got) != 2 {
		t.Errorf("after the delete the policy lets in %v", got)
	}
}

// A policy of one's own that lets the delivery in is enough.
func TestOwnDeliveryPolicyIsEnough(t *testing.T) {
	for _, c := range []struct {
		policy string
		enough bool
	}{
		{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"delivery.logs.amazonaws.com"},"Action":["logs:CreateLogStream","logs:PutLogEvents"],
			"Resource":"arn:aws:logs:eu-west-2:123456789012:log-group:/burrow/*","Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}]}`, true},
		{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"delivery.logs.amazonaws.com"},"Action":["logs:CreateLogStream","logs:PutLogEvents"],
			"Resource":"arn:aws:logs:eu-west-2:123456789012:log-group:/burrow/*","Condition":{"StringEquals":{"aws:SourceAccount":"210987654321"}}}]}`, false},
		{mayDeliver, false},
	} {
		e := part(t, "vpc", "key", "logs")
		e.make(step{"own", awstype.LogResourcePolicy, props{"policyName": "own", "policyDocument": c.policy}})
		e.make(changed("queryLog", nil))
		if got := len(e.deliveries()) == 0; got != c.enough {
			t.Errorf("%s is enough: %t, want %t", c.policy, got, c.enough)
		}
	}
}

// LOG-19: the policy has room for some long names; those with AWS's own prefix
// share one entry.
func TestDeliveryPolicyIsFull(t *testing.T) {
	e := part(t, tunnelParts...)
	logTo := func(i int, prefix string) error {
		name := fmt.Sprintf("group-%d-%d", len(e.steps), i)
		e.make(step{name, awstype.LogGroup, props{"name": prefix + name + strings.Repeat("n", 400)}})
		return e.try(step{name + "Queries", awstype.ResolverQueryLogConfig, props{"name": name, "destinationArn": "=" + name + ".arn"}})
	}
	full := false
	for i := range 12 {
		if err := logTo(i, "/burrow/"); err != nil {
			refused(t, err, "LimitExceededException", "LOG-19")
			full = i > 5
			break
		}
	}
	if !full {
		t.Fatal("the policy takes any number of groups")
	}
	long := e.steps[len(e.steps)-1].name
	_, err := e.change("vpn0", props{"tunnel1" + tunnelLogs + "logEnabled": true, "tunnel1" + tunnelLogs + "logGroupArn": "=" + long + ".arn"})
	refused(t, err, "LimitExceeded", "LOG-19")
	for i := range 3 {
		if err := logTo(i, vendedPrefix); err != nil {
			t.Errorf("a group with the prefix: %v", err)
		}
	}
}

// LOG-19: AWS's own policy counts as one of ten.
func TestDeliveryPolicyCounts(t *testing.T) {
	e := part(t, "key", "logs")
	for i := range maxPolicies {
		e.make(step{fmt.Sprint("own", i), awstype.LogResourcePolicy, props{"policyName": fmt.Sprint("own", i), "policyDocument": mayDeliver}})
	}
	refused(t, e.try(changed("queryLog", nil)), "LimitExceededException", "LOG-19")
	e.remove("own0")
	if err := e.try(changed("queryLog", nil)); err != nil {
		t.Fatal(err)
	}
	refused(t, e.try(step{"own", awstype.LogResourcePolicy, props{"policyName": "own", "policyDocument": mayDeliver}}), "LimitExceededException", "quota")
}

// A flow log makes its group again if its role may.
func TestFlowLogMakesItsGroupAgain(t *testing.T) {
	for policy, again := range map[string]bool{
		mayWrite: false,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:Create*","Resource":"arn:aws:logs:*:*:log-group:/burrow/*"}]}`:                                                                                     true,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"},{"Effect":"Deny","Action":"logs:CreateLogGroup","Resource":"*"}]}`:                                                              false,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"logs:PutLogEvents","NotResource":"arn:aws:logs:eu-west-2:123456789012:log-group:/other*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}`: true,
	} {
		e := part(t, "vpc", "key", "logs", "flowRole", "flow")
		e.make(changed("flowPolicy", props{"policy": policy}))
		e.remove("logs")
		groups := e.objects(awstype.LogGroup)
		if got := len(groups) == 1; got != again {
			t.Errorf("%s makes the group again: %t", policy, got)
		}
		if again && (groups[0].MadeBy != e.made["flow"].id || groups[0].Value("kmsKeyId") != "") {
			t.Errorf("the group made again is %v", groups[0])
		}
	}
}

// An association with a configuration whose group is gone fails late.
func TestQueryLogWithoutItsGroup(t *testing.T) {
	e := part(t, "vpc", "key", "logs", "queryLog")
	e.remove("logs")
	err := e.try(changed("queryLogOf", nil))
	refused(t, err, "DESTINATION_NOT_FOUND", "PRO-14")
	if len(e.objects(awstype.ResolverQueryLogConfigAssociation)) != 1 {
		t.Error("the failed association is gone")
	}
}

// A third zone joins an endpoint in place; the others keep their interfaces.
func TestResolverAddressesChangeInPlace(t *testing.T) {
	e := part(t, "vpc", "private1", "private2", "far", "group")
	e.make(changed("inbound", props{"ipAddresses": []any{props{"subnetId": "=private1"}, props{"subnetId": "=private2", "ip": "10.0.2.251"}}}))
	before := e.made["inbound"].out.Maps("ipAddresses[*]")
	out, err := e.change("inbound", props{"ipAddresses": []any{
		props{"subnetId": "=far", "ip": "10.0.3.251"}, props{"subnetId": "=private1"}, props{"subnetId": "=private2", "ip": "10.0.2.251"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	after := out.Maps("ipAddresses[*]")
	if len(after) != 3 || fmt.Sprint(after[1:]) != fmt.Sprint(before) {
		t.Errorf("from %v to %v", before, after)
	}
	// Another address in the same subnet is another interface; the old one is free.
	out, err = e.change("inbound", props{"ipAddresses[2].ip": "10.0.2.99"})
	if err != nil {
		t.Fatal(err)
	}
	if changed := out.Maps("ipAddresses[*]"); changed[2].Str("ipId") == after[2].Str("ipId") || changed[0].Str("ipId") != after[0].Str("ipId") {
		t.Errorf("from %v to %v", after, changed)
	}
	e.make(changed("outbound", props{"ipAddresses[0].ip": "10.0.1.77", "ipAddresses[1].ip": "10.0.2.251"}))
	if _, err := e.change("inbound", props{"ipAddresses": []any{props{"subnetId": "=far", "ip": "10.0.3.251"}, props{"subnetId": "=private1"}}}); err != nil {
		t.Errorf("two addresses stay: %v", err)
	}
}

// CreateTopic and Subscribe return what is there. Mail stays pending, also when
// the stack says that it is deleted, until the topic goes.
func TestTopicsAndSubscriptionsAreShared(t *testing.T) {
	e := part(t, "topic")
	for _, s := range watchSteps() {
		if s.name == "mail" || s.name == "queue" || s.name == "topicPolicy" {
			e.make(s)
		}
	}
	if id, _, err := e.create(awstype.Topic, "again", e.made["topic"].in); err != nil || id != e.made["topic"].id {
		t.Errorf("a second topic is %s, %v", id, err)
	}
	if id, _, err := e.create(awstype.TopicSubscription, "again", e.made["mail"].in); err != nil || id != e.made["mail"].id {
		t.Errorf("a second subscription is %s, %v", id, err)
	}
	mail, queue := e.made["mail"], e.made["queue"]
	if !mail.out.Bool("pendingConfirmation") || mail.out.Str("arn") != mail.id || queue.out.Bool("pendingConfirmation") || !queue.out.Bool("confirmationWasAuthenticated") {
		t.Errorf("subscriptions %v, %v", mail.out, queue.out)
	}
	topic := e.made["topic"]
	if _, out := e.read(topic.typ, topic.name, topic.id, topic.in, topic.out); out.Str("policy") != mayHear {
		t.Errorf("the topic's policy is %s", out.Str("policy"))
	}
	e.remove("mail")
	e.remove("queue")
	e.remove("topicPolicy")
	if left := e.objects(awstype.TopicSubscription); len(left) != 1 || left[0].MadeBy != topic.id {
		t.Errorf("subscriptions after the delete: %v", left)
	}
	if _, out := e.read(topic.typ, topic.name, topic.id, topic.in, topic.out); !strings.Contains(out.Str("policy"), "__default_policy_ID") {
		t.Errorf("the topic's policy is %s", out.Str("policy"))
	}
	e.remove("topic")
	if left := e.objects(); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

// Logs that AWS accepts and that never arrive.
func TestUnlogged(t *testing.T) {
	e := newEstate(t)
	check := func(what string, want ...string) {
		t.Helper()
		var list []string
		if err := e.world.View(func(tx *emulator.Tx) error {
			list = Unlogged(tx)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			i := slices.IndexFunc(list, func(line string) bool { return strings.Contains(line, w) })
			if i < 0 {
				t.Errorf("%s: nothing about %s in %q", what, w, list)
				continue
			}
			list = slices.Delete(list, i, i+1)
		}
		if len(list) > 0 {
			t.Errorf("%s: too much: %q", what, list)
		}
	}
	flows := []string{e.made["flow"].id, e.made["subnetFlow"].id, e.made["tgwFlow"].id, e.made["tgwInFlow"].id}
	check("roles that may only put events", flows...) // mayWrite creates no streams
	writes := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"` + flowGroup + `:*"}]}`
	if _, err := e.change("flowPolicy", props{"policy": writes}); err != nil {
		t.Fatal(err)
	}
	check("roles that may write")
	encrypted := append(slices.Clone(flows), "tunnel2LogOptions", e.made["queryLog"].id) // in "logs"
	for what, policy := range map[string]string{
		"a key for another service": strings.Replace(keyPolicy, "logs.eu-west-2.amazonaws.com", "sns.amazonaws.com", 1),
		"a key for logs elsewhere":  strings.Replace(keyPolicy, "logs.eu-west-2.amazonaws.com", "logs.us-east-1.amazonaws.com", 1),
	} {
		if _, err := e.change("key", props{"policy": policy}); err != nil {
			t.Fatal(err)
		}
		check(what, encrypted...)
	}
	if _, err := e.change("key", props{"policy": keyPolicy}); err != nil {
		t.Fatal(err)
	}
	check("the key for logs again")
	e.remove("key")
	check("without the key", encrypted...)
	e.remove("logs")
	check("without a group", append(flows, "tunnel2LogOptions", e.made["queryLog"].id)...)
	e.remove("vended")
	check("without groups", append(flows, "tunnel1LogOptions", "tunnel2LogOptions", e.made["queryLog"].id)...)
}

// What AWS wrote for the delivery of logs, somebody takes away.
func TestUnloggedWithoutDelivery(t *testing.T) {
	e := newEstate(t)
	var list []string
	err := e.world.Update(func(tx *emulator.Tx) error {
		for _, o := range tx.All(awstype.LogResourcePolicy) {
			tx.Remove(o)
		}
		list = Unlogged(tx)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, line := range list {
		if strings.Contains(line, "no resource policy lets "+deliveryService) {
			found++
		}
	}
	if found != 3 { // two tunnels, and the resolver's queries
		t.Errorf("%d of 3 deliveries are found: %q", found, list)
	}
}

// LOG-18: a key's condition names the groups that it encrypts.
func TestKeyForSomeGroups(t *testing.T) {
	for name, allowed := range map[string]bool{"/burrow/flow": true, "/other/flow": false} {
		e := part(t)
		e.make(step{"key", awstype.Key, props{"policy": strings.Replace(keyPolicy, `"Principal":{"Service"`,
			`"Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:eu-west-2:123456789012:log-group:/burrow/*"}},"Principal":{"Service"`, 1)}})
		err := e.try(changed("logs", props{"name": name}))
		if allowed && err != nil {
			t.Error(err)
		}
		if !allowed {
			refused(t, err, "AccessDeniedException", "LOG-18")
		}
	}
}

func TestAlarmRules(t *testing.T) {
	for rule, want := range map[string]string{
		`ALARM(a)`:                   "a",
		`ALARM("a b") AND NOT OK(c)`: "a b c",
		`(INSUFFICIENT_DATA(a) OR (TRUE AND OK(b)))`: "a b",
		`ALARM(arn:aws:cloudwatch:r:1:alarm:x)`:      "arn:aws:cloudwatch:r:1:alarm:x",
		`FALSE`:                                      "",
		``:                                           "!", `ALARM()`: "!", `ALARM(a`: "!", `ALARM(a) OK(b)`: "!", `ALARM(a, b)`: "!", `a`: "!", `(ALARM(a)`: "!", `ALARM(a) AND`: "!", `ALARM "a"`: "!",
	} {
		names, err := parseAlarmRule(rule)
		if got := strings.Join(names, " "); (err != nil) != (want == "!") || err == nil && got != want {
			t.Errorf("%s: %q, %v; want %s", rule, got, err, want)
		}
	}
}

// What CloudWatch says of dashboards, by path.
func TestDashboardBodies(t *testing.T) {
	metric := func(properties string) string {
		return `{"widgets":[{"type":"metric","properties":` + properties + `}]}`
	}
	many := strings.TrimSuffix(strings.Repeat(`["N","M"],`, maxMetrics+1), ",")
	for _, c := range []struct{ body, path string }{
		{board, ""}, {`{"widgets":[]}`, ""}, {`[]`, `""`}, {`{}`, "'widgets'"}, {`{"widgets":{}}`, `"/widgets"`},
		{`{"widgets":[` + strings.TrimSuffix(strings.Repeat(`{},`, maxWidgets+1), ",") + `]}`, "more than 500"},
		{`{"widgets":[1]}`, `"/widgets/0"`}, {`{"widgets":[{"type":"text"}]}`, "'properties'"},
		{`{"widgets":[{"type":"graph","properties":{}}]}`, "/widgets/0/type"},
		{`{"widgets":[{"type":"text","x":24,"y":0,"properties":{"markdown":"a"}}]}`, "/widgets/0/x"},
		{`{"widgets":[{"type":"text","x":1,"properties":{"markdown":"a"}}]}`, "together"},
		{`{"widgets":[{"type":"text","width":0,"properties":{"markdown":"a"}}]}`, "/widgets/0/width"},
		{`{"widgets":[{"type":"text","width":25,"properties":{"markdown":"a"}}]}`, "/widgets/0/width"},
		{`{"widgets":[{"type":"text","height":1.5,"properties":{"markdown":"a"}}]}`, "/widgets/0/height"},
		{`{"widgets":[{"type":"text","properties":{}}]}`, "'markdown'"},
		{`{"widgets":[{"type":"log","properties":{"query":"a"}}]}`, "'region'"},
		{`{"widgets":[{"type":"explorer","properties":{"labels":[]}}]}`, "'metrics'"},
		{`{"widgets":[{"type":"custom","properties":{}}]}`, "'endpoint'"},
		{`{"widgets":[{"type":"chart","properties":{}}]}`, ""},
		{`{"widgets":[{"type":"alarm","properties":{"alarms":[]}}]}`, "/widgets/0/properties/alarms"},
		{metric(`{"region":"r"}`), "'annotations'"},
		{metric(`{"metrics":[["N","M"]]}`), "should have specified a region"},
		{metric(`{"region":"r","metrics":{}}`), "/widgets/0/properties/metrics"},
		{metric(`{"region":"r","metrics":[]}`), "less than 1"},
		{metric(`{"region":"r","metrics":["N","M"]}`), "/widgets/0/properties/metrics/0"},
		{metric(`{"region":"r","metrics":[["N",1]]}`), "array of array of strings"},
		{metric(`{"region":"r","metrics":[["N","M","D"]]}`), "pairs of dimension"},
		{metric(`{"region":"r","metrics":[["N","M",{"period":45}]]}`), "/metrics/0/2/period"},
		{metric(`{"region":"r","metrics":[` + many + `]}`), "more than 500"},
		{metric(`{"region":"r","metrics":[["N","M"]],"period":61}`), "/widgets/0/properties/period"},
		{metric(`{"region":"r","metrics":[["N","M"]],"view":"cloud"}`), "/widgets/0/properties/view"},
	} {
		got := badDashboard(&emulator.Call{In: props{"dashboardBody": c.body}})
		if (got == "") != (c.path == "") || !strings.Contains(got, c.path) {
			t.Errorf("%.80s: %q, want %q", c.body, got, c.path)
		}
	}
}
