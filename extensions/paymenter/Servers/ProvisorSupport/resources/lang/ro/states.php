<?php

declare(strict_types=1);

return [
    'active' => 'Activ',
    'suspended' => 'Suspendat',
    'terminated' => 'Încheiat',
];
