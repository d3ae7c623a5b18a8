// A flat program of as many things as FLAT_THINGS says, for the benchmark that
// compares the estate with it.
package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		things, err := strconv.Atoi(os.Getenv("FLAT_THINGS"))
		if err != nil {
			return err
		}
		for i := range things {
			thing := &pulumi.CustomResourceState{}
			in := pulumi.Map{"name": pulumi.Sprintf("thing %d", i)}
			if err := ctx.RegisterResource("gate:index:Thing", fmt.Sprint("thing-", i), in, thing); err != nil {
				return err
			}
		}
		return nil
	})
}
