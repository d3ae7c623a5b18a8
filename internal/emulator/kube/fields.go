package kube

import (
	"reflect"
	"strings"
)

// fieldsSet are the JSON names of a struct's fields that are not empty, those of
// embedded structs among them, in the order of their declaration.
func fieldsSet(v any) (names []string) {
	value := reflect.ValueOf(v)
	for i := range value.NumField() {
		f := value.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			names = append(names, fieldsSet(value.Field(i).Interface())...)
		case !value.Field(i).IsZero():
			names = append(names, name)
		}
	}
	return names
}
