package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func diffCommand() *cobra.Command {
	return &cobra.Command{
		Use:  "diff",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return errors.New("not yet") },
	}
}
