<?php

declare(strict_types=1);

return [
    'active' => 'Active',
    'suspended' => 'Suspended',
    'terminated' => 'Ended',
];
