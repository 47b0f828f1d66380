// Command crdcheck runs the Kubernetes API server's own checks on CustomResourceDefinitions and on objects.
//
// Standard input is {"crds": [...], "objects": [{"id": "...", "object": {...}}]}. Standard output is
// {"crds": [{"name", "errors"}], "objects": [{"id", "errors"}]}: an empty list of errors means accepted.
// Unknown fields are errors, as with strict field validation. An object of no known kind has "unknown": true.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

type input struct {
	CRDs    []json.RawMessage `json:"crds"`
	Objects []struct {
		ID     string          `json:"id"`
		Object json.RawMessage `json:"object"`
	} `json:"objects"`
}

type verdict struct {
	Name    string   `json:"name,omitempty"`
	ID      string   `json:"id,omitempty"`
	Unknown bool     `json:"unknown,omitempty"`
	Errors  []string `json:"errors"`
}

type output struct {
	CRDs    []verdict `json:"crds"`
	Objects []verdict `json:"objects"`
}

// checker holds what the API server keeps of one version of a kind.
type checker struct {
	schema     validation.SchemaValidator
	structural *structuralschema.Structural
	cel        *cel.Validator
	hasStatus  bool
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	ctx := context.Background()
	out := output{CRDs: []verdict{}, Objects: []verdict{}}
	checkers := map[string]*checker{}
	for _, raw := range in.CRDs {
		out.CRDs = append(out.CRDs, checkCRD(ctx, raw, checkers))
	}
	for _, one := range in.Objects {
		v := verdict{ID: one.ID, Errors: []string{}}
		// Unlike encoding/json this keeps integers apart from other numbers, as the server does.
		var object map[string]any
		if err := utiljson.Unmarshal(one.Object, &object); err != nil {
			return fmt.Errorf("object %s: %w", one.ID, err)
		}
		apiVersion, _ := object["apiVersion"].(string)
		kind, _ := object["kind"].(string)
		if c := checkers[apiVersion+"/"+kind]; c == nil {
			v.Unknown = true
		} else {
			v.Errors = c.check(ctx, object)
		}
		out.Objects = append(out.Objects, v)
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

func checkCRD(ctx context.Context, raw json.RawMessage, checkers map[string]*checker) verdict {
	v := verdict{Errors: []string{}}
	var external apiextensionsv1.CustomResourceDefinition
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&external); err != nil {
		v.Errors = append(v.Errors, err.Error())
		return v
	}
	v.Name = external.Name
	apiextensionsv1.SetDefaults_CustomResourceDefinition(&external)
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&external.Spec)
	var crd apiextensions.CustomResourceDefinition
	if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(&external, &crd, nil); err != nil {
		v.Errors = append(v.Errors, err.Error())
		return v
	}
	for _, version := range crd.Spec.Versions {
		if version.Storage {
			crd.Status.StoredVersions = []string{version.Name}
		}
	}
	v.Errors = append(v.Errors, texts(crdvalidation.ValidateCustomResourceDefinition(ctx, &crd))...)
	if len(v.Errors) > 0 {
		return v
	}
	for _, version := range external.Spec.Versions {
		if !version.Served {
			continue
		}
		c, err := newChecker(version)
		if err != nil {
			v.Errors = append(v.Errors, version.Name+": "+err.Error())
			continue
		}
		checkers[external.Spec.Group+"/"+version.Name+"/"+external.Spec.Names.Kind] = c
	}
	return v
}

func newChecker(version apiextensionsv1.CustomResourceDefinitionVersion) (*checker, error) {
	var props apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, &props, nil); err != nil {
		return nil, err
	}
	structural, err := structuralschema.NewStructural(&props)
	if err != nil {
		return nil, err
	}
	if errs := structuralschema.ValidateStructural(nil, structural); len(errs) > 0 {
		return nil, errs.ToAggregate()
	}
	schema, _, err := validation.NewSchemaValidator(&props)
	if err != nil {
		return nil, err
	}
	return &checker{
		schema:     schema,
		structural: structural,
		cel:        cel.NewValidator(structural, true, celconfig.PerCallLimit),
		hasStatus:  version.Subresources != nil && version.Subresources.Status != nil,
	}, nil
}

// check does to an object what a create request does.
func (c *checker) check(ctx context.Context, object map[string]any) []string {
	errs := []string{}
	if c.hasStatus {
		delete(object, "status")
	}
	for _, path := range pruning.PruneWithOptions(object, c.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}) {
		errs = append(errs, "unknown field "+path)
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(object, c.structural)
	defaulting.Default(object, c.structural)
	errs = append(errs, texts(validation.ValidateCustomResource(nil, object, c.schema))...)
	errs = append(errs, texts(listtype.ValidateListSetsAndMaps(nil, c.structural, object))...)
	if len(errs) > 0 || c.cel == nil {
		return errs
	}
	found, _ := c.cel.Validate(ctx, nil, c.structural, object, nil, celconfig.RuntimeCELCostBudget)
	return append(errs, texts(found)...)
}

func texts(list field.ErrorList) []string {
	result := []string{}
	for _, err := range list {
		result = append(result, err.Error())
	}
	return result
}
