module "team" {
  for_each = toset(["vision", "speech"])
  source   = "./modules/team"
  name     = "golden-nested-${each.key}"
  keep     = false
}
