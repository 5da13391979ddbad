"""The schema of WNS documents: elements, their attributes and types, enumerations, rules, the legacy templates."""
