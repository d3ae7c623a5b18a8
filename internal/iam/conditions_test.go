package iam

import "testing"

func TestConditions(t *testing.T) {
	facts := map[string]string{"aws:sourceaccount": "1", "aws:sourcearn": "arn:aws:logs:r:1:x", "kms:viaservice": "", "aws:principalisawsservice": "true"}
	for _, c := range []struct {
		operator, key string
		values        texts
		want          verdict
	}{
		{"StringEquals", "aws:SourceAccount", texts{"2", "1"}, holds},
		{"StringEquals", "AWS:sourceAccount", texts{"2"}, failed},
		{"StringNotEquals", "aws:SourceAccount", texts{"1"}, failed},
		{"StringLike", "aws:SourceArn", texts{"arn:*:1:?"}, holds},
		{"ForAnyValue:ArnLike", "aws:SourceArn", texts{"arn:aws:logs:r:2:*"}, failed},
		{"ArnNotLike", "aws:SourceArn", texts{"arn:aws:logs:r:2:*"}, holds},
		{"StringEquals", "kms:ViaService", texts{"logs.r.amazonaws.com"}, failed},
		{"StringEqualsIfExists", "kms:ViaService", texts{"logs.r.amazonaws.com"}, holds},
		{"StringNotEquals", "kms:ViaService", texts{"logs.r.amazonaws.com"}, holds},
		{"Null", "kms:ViaService", texts{"true"}, holds},
		{"Null", "aws:SourceAccount", texts{"true"}, failed},
		{"Bool", "aws:PrincipalIsAWSService", texts{"TRUE"}, holds},
		{"StringEquals", "aws:PrincipalOrgID", texts{"o-1"}, undecided},
		{"NumericLessThan", "aws:SourceAccount", texts{"2"}, undecided},
	} {
		if got := (conditions{c.operator: {c.key: c.values}}).verdict(facts); got != c.want {
			t.Errorf("%s of %s to %v: %v, want %v", c.operator, c.key, c.values, got, c.want)
		}
	}
}
