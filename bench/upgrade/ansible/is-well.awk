# Columns are found by their names: they move from one version of StarRocks to the next.
/\tAlive\t/ || /\tUnhealthyTabletNum\t/ {
  delete column
  for (at = 1; at <= NF; at++) column[$at] = at
  next
}
"Alive" in column && $column["Alive"] != "true" { dead++ }
"Alive" in column && $column["IP"] == address && index($column["Version"] "-", version "-") == 1 { upgraded++ }
# The last row is the total.
"UnhealthyTabletNum" in column { unhealthy = $column["UnhealthyTabletNum"] }
END { exit !(upgraded && !dead && unhealthy == "0") }
