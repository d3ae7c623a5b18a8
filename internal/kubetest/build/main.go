// Command build builds the programs of kubetest, unless these sources are built already.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"burrow/internal/kubetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	path, err := kubetest.Build(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
	fmt.Println(path)
}
