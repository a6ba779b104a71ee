package agreements

import "regexp"

var indexPattern = regexp.MustCompile(`\[[^\[\]]*\]`)

// FieldWords is what people call the field at a path such as
// datasets[1].rules.minGroupSize or datasets[orders].rules.minGroupSize; the
// indices do not matter. "" for a path that is no field's.
func FieldWords(path string) string { return fieldWords[indexPattern.ReplaceAllString(path, "")] }
