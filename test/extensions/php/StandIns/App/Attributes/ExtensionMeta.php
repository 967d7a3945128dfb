<?php

declare(strict_types=1);

namespace App\Attributes;

use Attribute;

/** Stand-in for the panel's attribute, with its parameters. */
#[Attribute(Attribute::TARGET_CLASS)]
class ExtensionMeta
{
    public function __construct(
        public string $name,
        public string $description,
        public string $version,
        public string $author,
        public string $url = '',
        public string $icon = '',
    ) {
    }
}
