package main

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"parley/cleanroom"
	"parley/cleanroom/api"
	"parley/cleanroom/store"
)

func templateReview() *cobra.Command {
	var h home
	c := &cobra.Command{
		Use: "review NAME --home DIR", Short: "Send a draft to review; its analyses are tried first", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var v cleanroom.TemplateView
				if err := d.call(cmd.Context(), http.MethodPost, templatePath(args[0], "review"), struct{}{}, &v); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s is in review: parley template show, comment, approve.\n", refOf(&v))
				return nil
			})
		},
	}
	h.flags(c)
	return c
}

func templateComment() *cobra.Command {
	var h home
	c := &cobra.Command{
		Use: "comment NAME CLAUSE TEXT --home DIR", Short: "Comment on a clause, or on all of it for the clause -", Args: cobra.ExactArgs(3),
		Long:    "An open comment keeps a template from being approved.",
		Example: `  parley template comment audience-overlap retention "Our policy says thirty days." --home ~/acme`,
		RunE: func(cmd *cobra.Command, args []string) error {
			in := api.Comment{Clause: args[1], Text: args[2]}
			if in.Clause == "-" {
				in.Clause = ""
			}
			return with(cmd.Context(), h, func(d *door) error {
				var out store.TemplateComment
				if err := d.call(cmd.Context(), http.MethodPost, templatePath(args[0], "comments"), in, &out); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "Comment %d is open. To settle it: parley template resolve %s %d\n", out.Number, args[0], out.Number)
				return nil
			})
		},
	}
	h.flags(c)
	return c
}

func templateResolve() *cobra.Command {
	var h home
	c := &cobra.Command{
		Use: "resolve NAME NUMBER --home DIR", Short: "Mark a comment as settled", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := strconv.Atoi(args[1]); err != nil {
				return withCode(exitUsage, fmt.Errorf("%q is not a comment's number", args[1]))
			}
			return with(cmd.Context(), h, func(d *door) error {
				if err := d.call(cmd.Context(), http.MethodPost, templatePath(args[0], "comments", args[1], "resolve"), struct{}{}, nil); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "Comment %s is resolved.\n", args[1])
				return nil
			})
		},
	}
	h.flags(c)
	return c
}

func templateApprove() *cobra.Command {
	var h home
	c := &cobra.Command{
		Use: "approve NAME --home DIR", Short: "Let agreements be made from a version in review; the node signs that you did", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				v, err := getTemplate(cmd, d, args[0])
				if err != nil {
					return err
				}
				var out cleanroom.TemplateView
				if err := d.call(cmd.Context(), http.MethodPost, templatePath(refOf(v), "approve"), api.ApproveTemplate{Hash: v.Hash}, &out); err != nil {
					return err
				}
				fmt.Fprint(cmd.OutOrStdout(), templateHead(&out))
				fmt.Fprintf(cmd.OutOrStdout(), "Agreements can be made from it: parley agreement new --template %s\n", out.Name)
				return nil
			})
		},
	}
	h.flags(c)
	return c
}

func templateRetire() *cobra.Command {
	var h home
	var in api.RetireTemplate
	c := &cobra.Command{
		Use: "retire NAME --reason TEXT --home DIR", Short: "Make no more agreements from an approved version; those there are stay", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var out cleanroom.TemplateView
				if err := d.call(cmd.Context(), http.MethodPost, templatePath(args[0], "retire"), in, &out); err != nil {
					return err
				}
				fmt.Fprint(cmd.OutOrStdout(), templateHead(&out))
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().StringVar(&in.Reason, "reason", "", "why, for the record")
	return c
}
