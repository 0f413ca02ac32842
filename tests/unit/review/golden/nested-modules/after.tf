module "team" {
  for_each = toset(["vision", "text"])
  source   = "./modules/team"
  name     = "golden-nested-${each.key}"
  keep     = true
}
