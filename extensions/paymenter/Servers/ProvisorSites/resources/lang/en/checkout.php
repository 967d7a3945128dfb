<?php

declare(strict_types=1);

return [
    'subdomain' => 'Name of the site',
    'subdomain_help' => 'Lower-case letters, digits and hyphens. Left empty, or when it is taken, we choose one.',
];
