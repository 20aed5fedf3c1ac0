package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func loadCommand() *cobra.Command {
	return &cobra.Command{
		Use:  "load",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return errors.New("not yet") },
	}
}
